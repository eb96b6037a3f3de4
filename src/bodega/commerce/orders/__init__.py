"""Orders: what was bought, its gapless number, and what came back.

Tables: orders.orders, orders.order_lines, orders.returns, orders.return_lines,
orders.history, orders.counters.
Events out: orders.order_placed, orders.order_paid, orders.order_cancelled,
orders.import_completed. Events in: payments.payment_captured.
"""

"""Orders: what was bought, its gapless number, and everything that happens to it afterwards.

Tables: orders.orders, orders.order_lines, orders.history, orders.counters, orders.operations,
orders.shipments, orders.shipment_lines, orders.shipment_events, orders.refunds,
orders.refund_lines, orders.return_requests, orders.return_request_lines, orders.returns,
orders.return_lines, orders.documents.
Events out: orders.order_placed, orders.order_paid, orders.order_allocated, orders.order_shipped,
orders.shipment_tracked, orders.order_edited, orders.payment_asked, orders.order_refunded,
orders.order_exchanged, orders.return_changed, orders.document_issued, orders.order_cancelled,
orders.import_completed.
Events in: payments.payment_captured, payments.payment_action_done, payments.payment_refunded,
payments.payment_refund_failed; inventory.stock_changed.
"""

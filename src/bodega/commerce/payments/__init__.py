"""Payments: money asked of a provider, with every transition on record.

Tables: payments.payments, payments.transitions, payments.sales, payments.ledger_entries,
payments.ledger_lines.
Events out: payments.payment_captured, payments.payment_voided.
Events in: orders.order_placed, orders.order_cancelled.
"""

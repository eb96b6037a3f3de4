"""Payments: money asked of a provider, every transition on record, and the books kept.

Tables: payments.payments, payments.refunds, payments.customers, payments.transitions,
payments.sales, payments.ledger_entries, payments.ledger_lines, payments.webhooks,
payments.conflicts, payments.disputes.
Events out: payments.payment_captured, payments.payment_refunded, payments.payment_voided,
payments.payment_action_done, payments.conflict_found, payments.dispute_opened,
payments.dispute_deadline_near, payments.dispute_closed.
Events in: orders.order_placed, orders.order_cancelled.
"""

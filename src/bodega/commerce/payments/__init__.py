"""Payments: money asked of a provider, with every transition on record.

Tables: payments.payments, payments.transitions.
Events out: payments.payment_captured, payments.payment_voided. Events in: none.
"""

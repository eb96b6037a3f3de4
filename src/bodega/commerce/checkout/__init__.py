"""Checkout: the saga from cart to captured order, resumable at every line.

Tables: checkout.checkouts.
Events out: checkout.completed, checkout.failed, checkout.held, checkout.reviewed.
Events in: payments.payment_action_done.
"""

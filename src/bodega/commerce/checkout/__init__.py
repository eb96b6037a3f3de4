"""Checkout: the saga from cart to captured order, resumable at every line.

Tables: checkout.checkouts.
Events out: checkout.completed, checkout.failed. Events in: none.
"""

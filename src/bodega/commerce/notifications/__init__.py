"""Notifications: messages to customers, alerts to staff.

Tables: notifications.messages (no address, no text: both are made when a message is sent),
notifications.alerts (no personal data).
Events out: none. Events in: orders.order_paid, orders.payment_asked; payments.dispute_opened,
dispute_deadline_near, dispute_closed, conflict_found; inventory.stock_low, stock_mismatch.
"""

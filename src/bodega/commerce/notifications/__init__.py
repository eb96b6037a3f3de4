"""Notifications: messages to customers.

Tables: notifications.messages (no address, no text: both are made when a message is sent).
Events out: none. Events in: orders.order_placed.
"""

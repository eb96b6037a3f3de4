"""Cart: baskets before they are orders.

Tables: cart.carts, cart.lines.
Events out: none. Events in: checkout.completed.
"""

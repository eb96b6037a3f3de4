"""Cart: baskets before they are orders.

Tables: cart.carts, cart.lines.
Events out: cart.cart_abandoned. Events in: checkout.completed, checkout.held.
"""

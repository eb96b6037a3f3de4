"""Shipping: where a parcel may go, by which methods, and what that costs.

Tables: shipping.zones, shipping.methods, shipping.tiers.
Events out: none. Events in: none.
"""

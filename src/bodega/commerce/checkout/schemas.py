"""Checkout has no bodies of its own: its contract's values are what buyers send and read."""

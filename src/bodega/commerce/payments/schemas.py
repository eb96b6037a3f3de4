"""Payments has no bodies of its own: its contract's values are what staff read."""

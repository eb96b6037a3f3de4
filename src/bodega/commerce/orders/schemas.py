"""Orders has no bodies of its own: its contract's values are what customers and staff read."""

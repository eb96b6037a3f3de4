"""Every query of orders, a file a concept."""

"""Use cases of orders, a file a concept."""

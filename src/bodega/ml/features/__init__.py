"""What models learn from: published gold as it was known at a stated instant."""

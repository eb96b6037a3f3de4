"""Search has no request bodies."""

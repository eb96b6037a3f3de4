"""Every query of payments, a file a concept."""

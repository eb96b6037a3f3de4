"""Every query of inventory, a file a concept."""

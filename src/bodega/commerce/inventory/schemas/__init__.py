"""Request and response bodies of inventory, a file a concept."""

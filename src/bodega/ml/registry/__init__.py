"""Which models exist, what they were made of, and which one answers."""

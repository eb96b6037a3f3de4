"""The lake on disk: bronze and gold as Delta tables, and the pointer to what readers see."""

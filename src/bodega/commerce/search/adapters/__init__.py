"""The index: Tantivy on disk."""

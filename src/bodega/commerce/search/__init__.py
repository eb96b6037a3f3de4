"""Search: products by words, on a Tantivy index in the data folder.

Tables: search.requests (what the index has yet to learn).
Events out: none. Events in: catalog.product_changed, catalog.import_completed.
"""

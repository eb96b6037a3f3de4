"""Catalogue: products and their variants.

Tables: catalog.products, catalog.variants.
Events out: catalog.product_changed, catalog.import_completed. Events in: none.
"""

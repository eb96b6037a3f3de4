"""Bodega: a store with the warehouse in the back."""

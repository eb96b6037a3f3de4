"""Outside APIs and the serving process, as data exchange asks them."""

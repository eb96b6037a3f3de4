"""Operating the shop: what runs, how it is configured, what it must never reveal."""

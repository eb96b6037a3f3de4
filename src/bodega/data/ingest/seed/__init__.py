"""A believable shop out of nothing: goods, customers, orders, returns and stock.

The same plan (size, days, seed, instant) always makes the same shop. It takes the road of every
importer: contract values in batches into `bulk_load`, idempotent by source key, so that a seeding
cut short is finished by seeding again.
"""

"""Keys per person: what is sealed under a person's key is gone everywhere once the key is.

Schema `vault`. A person is known by aliases: `user:<id>`, and `mail:<keyed hash of the e-mail>`, so
that a guest's orders and the account of the same e-mail share a key. Keys are wrapped by the shop's
master key (BODEGA_LAKE_MASTER_KEY), which the database never sees.
"""

"""Bounded contexts of the shop, each with its own schema, none importing another."""

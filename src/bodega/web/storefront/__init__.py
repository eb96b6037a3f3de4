"""The shop people buy from: list, product, cart, checkout, confirmation, account."""

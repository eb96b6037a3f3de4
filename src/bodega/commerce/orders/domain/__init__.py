"""Pure rules of orders: what an order adds up to, and what may become of it."""

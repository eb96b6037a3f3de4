"""What identity leans on outside the shop: the password hash."""

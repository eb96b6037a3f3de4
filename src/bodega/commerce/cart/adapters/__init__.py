"""What the cart counts outside of its tables."""

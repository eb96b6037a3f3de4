"""The back room for staff: the shop in numbers, and how fresh they are."""

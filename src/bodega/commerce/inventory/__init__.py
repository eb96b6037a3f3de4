"""Inventory: stock on hand by location, what is held and promised, and the ledger of it all.

Tables: inventory.locations, inventory.levels, inventory.reservations, inventory.allocations,
inventory.movements.
Events out: inventory.stock_changed, inventory.stock_promised, inventory.stock_low,
inventory.import_completed. Events in: its own, to forget what pages were shown.
"""

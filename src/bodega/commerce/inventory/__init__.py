"""Inventory: stock on hand, what is held for checkouts, and the ledger of every movement.

Tables: inventory.levels, inventory.reservations, inventory.movements.
Events out: inventory.stock_changed, inventory.import_completed. Events in: none.
"""

"""Inventory: stock on hand by location, what is held and promised, and the ledger of it all.

Tables: inventory.locations, levels, reservations, allocations, movements; transfers,
transfer_lines, counts, count_lines; suppliers, offers, purchases, purchase_lines, receipts,
receipt_lines.
Events out: inventory.stock_changed, inventory.stock_promised, inventory.stock_low,
inventory.purchase_ordered, inventory.stock_mismatch, inventory.import_completed.
Events in: its own, to forget what pages were shown.
"""

"""The tables of inventory."""

from bodega.commerce.inventory.tables.base import METADATA
from bodega.commerce.inventory.tables.buying import (
    offers,
    purchase_lines,
    purchases,
    receipt_lines,
    receipts,
    suppliers,
)
from bodega.commerce.inventory.tables.moving import count_lines, counts, transfer_lines, transfers
from bodega.commerce.inventory.tables.stock import (
    allocations,
    levels,
    locations,
    movements,
    reservations,
)

__all__ = [
    "METADATA",
    "allocations",
    "count_lines",
    "counts",
    "levels",
    "locations",
    "movements",
    "offers",
    "purchase_lines",
    "purchases",
    "receipt_lines",
    "receipts",
    "reservations",
    "suppliers",
    "transfer_lines",
    "transfers",
]

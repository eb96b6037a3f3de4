"""The tables of inventory."""

from bodega.commerce.inventory.tables.base import METADATA
from bodega.commerce.inventory.tables.stock import (
    allocations,
    levels,
    locations,
    movements,
    reservations,
)

__all__ = ["METADATA", "allocations", "levels", "locations", "movements", "reservations"]

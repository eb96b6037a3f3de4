"""Errors of inventory.

BodegaError
├── Rejected ── NothingMoved
└── Conflict ── StockBelowZero
"""

from bodega.kernel.errors import Conflict, Rejected


class StockBelowZero(Conflict):
    code = "stock_below_zero"
    title = "There is less stock than that: read the level, then adjust by no more than it holds"


class NothingMoved(Rejected):
    code = "nothing_moved"
    title = "A movement of zero units changes nothing: send a positive or a negative quantity"

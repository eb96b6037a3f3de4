"""Errors of inventory.

BodegaError
├── Rejected ── NothingMoved
├── NotFound ── LocationNotFound
└── Conflict ┬─ StockBelowZero
             ├─ AlreadyReserved
             ├─ NotPromised
             ├─ NotOnHandYet
             └─ NotReleasedYet
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected


class StockBelowZero(Conflict):
    code = "stock_below_zero"
    title = "There is less stock than that: read the level, then adjust by no more than it holds"


class NothingMoved(Rejected):
    code = "nothing_moved"
    title = "A movement of zero units changes nothing: send a positive or a negative quantity"


class LocationNotFound(NotFound):
    code = "location_not_found"
    title = "There is no such location: list them at /api/v1/admin/locations"


class AlreadyReserved(Conflict):
    code = "already_reserved"
    title = "This checkout holds stock already: release it first, or take a new checkout"


class NotPromised(Conflict):
    code = "not_promised"
    title = "Fewer units are promised to this order there: read its allocations, take no more"


class NotOnHandYet(Conflict):
    code = "not_on_hand_yet"
    title = "These units are backordered: send them once they have been received"


class NotReleasedYet(Conflict):
    code = "not_released_yet"
    title = "This is a pre-order: nothing of it may be sent before its day"

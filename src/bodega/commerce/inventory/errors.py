"""Errors of inventory.

BodegaError
├── Rejected ┬─ NothingMoved
│            ├─ BackorderUnclear
│            ├─ SameLocation
│            ├─ OfferMissing
│            ├─ CostUnclear
│            └─ PeriodBackwards
├── NotFound ┬─ LocationNotFound
│            ├─ LevelNotFound
│            ├─ TransferNotFound
│            ├─ CountNotFound
│            ├─ SupplierNotFound
│            └─ PurchaseNotFound
└── Conflict ┬─ StockBelowZero
             ├─ AlreadyReserved
             ├─ NotPromised
             ├─ NotOnHandYet
             ├─ NotReleasedYet
             ├─ LocationCodeTaken
             ├─ MainStaysOpen
             ├─ StockSpokenFor
             ├─ MoreThanExpected
             ├─ TransferEnded
             ├─ CountEnded
             ├─ LocationClosed
             ├─ SupplierCodeTaken
             ├─ SupplierInactive
             └─ PurchaseState
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


class BackorderUnclear(Rejected):
    code = "backorder_unclear"
    title = "A backorder needs an allowance, a pre-order an allowance and its day, neither has none"


class LevelNotFound(NotFound):
    code = "level_not_found"
    title = "This variant was never at that location: move stock there first"


class LocationCodeTaken(Conflict):
    code = "location_code_taken"
    title = "Another location has this code: choose a new one"


class MainStaysOpen(Conflict):
    code = "main_stays_open"
    title = "The location main is where stock goes by default: it cannot be closed"


class StockSpokenFor(Conflict):
    code = "stock_spoken_for"
    title = "These units are promised or held: transfer no more than what is free"


class SameLocation(Rejected):
    code = "same_location"
    title = "A transfer goes from one location to another one"


class MoreThanExpected(Conflict):
    code = "more_than_expected"
    title = "More came in than is outstanding: receive the rest, then adjust with a reason"


class TransferNotFound(NotFound):
    code = "transfer_not_found"
    title = "There is no such transfer"


class TransferEnded(Conflict):
    code = "transfer_ended"
    title = "This transfer has ended: start another one"


class CountNotFound(NotFound):
    code = "count_not_found"
    title = "There is no such count"


class CountEnded(Conflict):
    code = "count_ended"
    title = "This count has ended: start another one"


class SupplierNotFound(NotFound):
    code = "supplier_not_found"
    title = "There is no such supplier"


class SupplierCodeTaken(Conflict):
    code = "supplier_code_taken"
    title = "Another supplier has this code: choose a new one"


class OfferMissing(Rejected):
    code = "offer_missing"
    title = "The supplier has no offer of this variant: state a cost, or add the offer"


class CostUnclear(Rejected):
    code = "purchase_cost_unclear"
    title = "A variant has one cost in a purchase order: make another order for the other cost"


class LocationClosed(Conflict):
    code = "location_closed"
    title = "This location is closed: nothing is sent or ordered there, open it first"


class SupplierInactive(Conflict):
    code = "supplier_inactive"
    title = "Nothing is ordered from this supplier any more: make them active first"


class PurchaseNotFound(NotFound):
    code = "purchase_order_not_found"
    title = "There is no such purchase order"


class PurchaseState(Conflict):
    code = "purchase_order_state"
    title = "The purchase order is not in a state for this: read it again"


class PeriodBackwards(Rejected):
    code = "period_backwards"
    title = "A period begins before it ends: send an earlier `since`"

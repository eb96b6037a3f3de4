"""Errors of the cart.

BodegaError
├── Rejected ─ NotForSale, TooManyUnits, TooManyLines, CurrencyMixed
├── NotFound ─ CartNotFound
├── Conflict ─ CartClosed
└── Stale ──── CartMoved
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected, Stale


class NotForSale(Rejected):
    code = "not_for_sale"
    title = "This is not for sale: choose another variant"


class TooManyUnits(Rejected):
    code = "too_many_units"
    title = "A cart does not hold so many units of one variant"


class TooManyLines(Rejected):
    code = "too_many_lines"
    title = "The cart is full: order what is in it first"


class CurrencyMixed(Rejected):
    code = "currency_mixed"
    title = "A cart holds one currency: order what is in it first"


class CartNotFound(NotFound):
    code = "cart_not_found"
    title = "There is no such cart: start a new one"


class CartClosed(Conflict):
    code = "cart_closed"
    title = "This cart has been ordered: start a new one"


class CartMoved(Stale):
    code = "cart_moved"
    title = "The cart has changed since you read it: read it again, then retry"

"""Errors of the cart.

BodegaError
├── IfMatchMissing  428
├── TooMany ── CouponTriesExceeded
├── Rejected ─ NotForSale, TooManyUnits, WrongQuantity, TooManyLines, CartFull, CurrencyMixed,
│              CouponRefused, TooManyCoupons
├── NotFound ─ CartNotFound, LineNotFound
├── Conflict ─ CartClosed
└── Stale ──── CartMoved
"""

from bodega.kernel.errors import BodegaError, Conflict, NotFound, Rejected, Stale, TooMany


class IfMatchMissing(BodegaError):
    """RFC 6585, 3: the change would overwrite what somebody else may have written."""

    code = "if_match_missing"
    status = 428
    title = (
        "Send If-Match with the ETag of the cart you changed, or * to overwrite whatever is there"
    )


class NotForSale(Rejected):
    code = "not_for_sale"
    title = "This is not for sale: choose another variant"


class TooManyUnits(Rejected):
    code = "too_many_units"
    title = "A cart does not hold so many units of one variant"


class WrongQuantity(Rejected):
    code = "wrong_quantity"
    title = "This is not sold in that quantity"


class TooManyLines(Rejected):
    code = "too_many_lines"
    title = "The cart is full: order what is in it first"


class CartFull(Rejected):
    code = "cart_full"
    title = "The cart does not hold more units: order what is in it first"


class CurrencyMixed(Rejected):
    code = "currency_mixed"
    title = "A cart holds one currency: order what is in it first"


class CouponRefused(Rejected):
    code = "coupon_refused"
    title = "This code cannot be used: check how it is spelled"


class CouponTriesExceeded(TooMany):
    code = "too_many_coupon_tries"
    title = "Too many wrong codes: wait, then try again"

    def __init__(self, *, retry_after: int) -> None:
        minutes = max(1, -(-retry_after // 60))
        super().__init__(f"Wait {minutes} minutes, then try again", retry_after=retry_after)


class TooManyCoupons(Rejected):
    code = "too_many_coupons"
    title = "The cart holds no more codes: take one out first"


class CartNotFound(NotFound):
    code = "cart_not_found"
    title = "There is no such cart: start a new one"


class LineNotFound(NotFound):
    code = "line_not_found"
    title = "This is not in the cart"


class CartClosed(Conflict):
    code = "cart_closed"
    title = "This cart has been ordered or merged: go on with `next_cart_id`, or start a new one"

    def __init__(self, *, next_cart_id: object = None) -> None:
        super().__init__(next_cart_id=next_cart_id)


class CartMoved(Stale):
    code = "cart_moved"
    title = "The cart has changed since you read it: read it again, then retry"

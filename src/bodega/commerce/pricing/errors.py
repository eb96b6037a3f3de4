"""Errors of pricing.

BodegaError
├── Rejected ── BasketMalformed, PromotionMalformed, RatesMalformed
├── NotFound ── PromotionNotFound, CouponNotFound, TaxRateNotFound, RateNotFound
└── Conflict ── CouponTaken, PromotionAutomatic
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected


class BasketMalformed(Rejected):
    code = "basket_malformed"
    title = "A basket has one currency, prices from 0 up, and a key of its own for each line"


class PromotionMalformed(Rejected):
    code = "promotion_malformed"
    title = "The promotion lacks what its kind needs"


class RatesMalformed(Rejected):
    code = "rates_malformed"
    title = "The file is not one of exchange rates in the ECB's format"


class PromotionNotFound(NotFound):
    code = "promotion_not_found"
    title = "There is no such promotion"


class CouponNotFound(NotFound):
    code = "coupon_not_found"
    title = "There is no such coupon"


class TaxRateNotFound(NotFound):
    code = "tax_rate_not_found"
    title = "The shop has no such tax rate of its own"


class RateNotFound(NotFound):
    code = "rate_not_found"
    title = "There is no exchange rate for these currencies: import one with `bodega fx import`"


class CouponTaken(Conflict):
    code = "coupon_taken"
    title = "Another coupon has this code: choose another"


class PromotionAutomatic(Conflict):
    code = "promotion_automatic"
    title = "This promotion applies by itself: make one that needs a coupon"

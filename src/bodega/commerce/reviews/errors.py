"""Errors of reviews.

BodegaError
├── Denied ─── NotBought
├── NotFound ─ ReviewNotFound, ProductUnknown
└── Conflict ─ ReviewedBefore
"""

from bodega.kernel.errors import Conflict, Denied, NotFound


class NotBought(Denied):
    code = "not_bought"
    title = "Only buyers review: order the product first"


class ReviewNotFound(NotFound):
    code = "review_not_found"
    title = "There is no such review"


class ProductUnknown(NotFound):
    code = "product_not_found"
    title = "There is no such product"


class ReviewedBefore(Conflict):
    code = "reviewed_before"
    title = "You have reviewed this product: one review each"

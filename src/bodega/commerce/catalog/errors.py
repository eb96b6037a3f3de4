"""Errors of the catalogue.

BodegaError
├── NotFound ── ProductNotFound
└── Conflict ── SlugTaken, SkuTaken
"""

from bodega.kernel.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    code = "product_not_found"
    title = "There is no such product"


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "Another product has this slug: choose another"


class SkuTaken(Conflict):
    code = "sku_taken"
    title = "Another variant has this SKU: choose another"

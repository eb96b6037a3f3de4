"""Errors of the catalogue.

BodegaError
├── Rejected ── QuantitiesMalformed
├── NotFound ── ProductNotFound, VariantNotFound
└── Conflict ── SlugTaken, SkuTaken
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected


class QuantitiesMalformed(Rejected):
    code = "quantities_malformed"
    title = "The most units one may buy are not fewer than the least"


class ProductNotFound(NotFound):
    code = "product_not_found"
    title = "There is no such product"


class VariantNotFound(NotFound):
    code = "variant_not_found"
    title = "The product has no such variant"


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "Another product has this slug: choose another"


class SkuTaken(Conflict):
    code = "sku_taken"
    title = "Another variant has this SKU: choose another"

"""Errors of shipping.

BodegaError
├── Rejected ── ZoneMalformed, MethodMalformed
└── NotFound ── ZoneNotFound, MethodNotFound
"""

from bodega.kernel.errors import NotFound, Rejected


class ZoneMalformed(Rejected):
    code = "zone_malformed"
    title = "Postal prefixes belong to exactly one country"


class MethodMalformed(Rejected):
    code = "method_malformed"
    title = "The tiers of the method do not make a price list"


class ZoneNotFound(NotFound):
    code = "zone_not_found"
    title = "There is no such shipping zone"


class MethodNotFound(NotFound):
    code = "shipping_method_not_found"
    title = "There is no such shipping method"

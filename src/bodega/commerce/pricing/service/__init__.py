"""Use cases of pricing, one file a concept."""

from bodega.commerce.pricing.service.quoting import PricingService
from bodega.commerce.pricing.service.rates import RatesService

__all__ = ["PricingService", "RatesService"]

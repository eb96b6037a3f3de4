"""Use cases of pricing, one file a concept."""

from bodega.commerce.pricing.service.promotions import PromotionsService
from bodega.commerce.pricing.service.quoting import PricingService
from bodega.commerce.pricing.service.rates import RatesService
from bodega.commerce.pricing.service.taxes import TaxTableService

__all__ = ["PricingService", "PromotionsService", "RatesService", "TaxTableService"]

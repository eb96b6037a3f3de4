"""Manifest of pricing."""

from pathlib import Path

from bodega.backbone.module import Module, public
from bodega.backbone.tables import TIME_COLUMNS
from bodega.commerce.pricing.handlers import HANDLERS
from bodega.commerce.pricing.jobs import JOBS
from bodega.commerce.pricing.routes import ROUTERS
from bodega.commerce.pricing.service import (
    PricingService,
    PromotionsService,
    RatesService,
    TaxTableService,
)
from bodega.commerce.pricing.tables import METADATA
from bodega.contracts.pricing import Pricing, Rates
from bodega.contracts.promotions import Promotions
from bodega.contracts.taxes import TaxTable

MODULE = Module(
    name="pricing",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={
        Pricing: PricingService,
        Rates: RatesService,
        Promotions: PromotionsService,
        TaxTable: TaxTableService,
    },
    published={
        "promotions": public(
            "id",
            "title",
            "kind",
            "currency",
            "automatic",
            "active",
            "starts_at",
            "ends_at",
            *TIME_COLUMNS,
        ),
        "coupons": public("code", "promotion_id", "active", "created_at"),
        "redemptions": public(
            "id",
            "checkout_id",
            "promotion_id",
            "coupon_code",
            "customer_id",
            "discount_amount",
            "discount_currency",
            "redeemed_at",
            "released_at",
        ),
    },
    migrations=Path(__file__).parent / "migrations",
)

"""Manifest of checkout."""

from pathlib import Path

from bodega.backbone.module import Module
from bodega.commerce.checkout.handlers import HANDLERS
from bodega.commerce.checkout.jobs import JOBS
from bodega.commerce.checkout.routes import ROUTERS
from bodega.commerce.checkout.service import CheckoutService, CheckoutWorkflows
from bodega.commerce.checkout.tables import METADATA
from bodega.contracts.checkout import Checkouts

MODULE = Module(
    name="checkout",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    workflows=[CheckoutWorkflows],
    provides={Checkouts: CheckoutService},
    migrations=Path(__file__).parent / "migrations",
)

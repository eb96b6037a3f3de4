"""Manifest of shipping."""

from pathlib import Path

from bodega.backbone.module import Module
from bodega.commerce.shipping.handlers import HANDLERS
from bodega.commerce.shipping.jobs import JOBS
from bodega.commerce.shipping.routes import ROUTERS
from bodega.commerce.shipping.service import DeliveryZonesService, ShippingService
from bodega.commerce.shipping.tables import METADATA
from bodega.contracts.shipping import DeliveryZones, Shipping

MODULE = Module(
    name="shipping",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Shipping: ShippingService, DeliveryZones: DeliveryZonesService},
    migrations=Path(__file__).parent / "migrations",
)

"""Manifest of data exchange."""

from bodega.backbone.module import Module
from bodega.commerce.dex.routes import ROUTERS
from bodega.commerce.dex.service import ExternalService, InsightsService
from bodega.contracts.dex import External, Insights

MODULE = Module(
    name="dex",
    routers=ROUTERS,
    provides={External: ExternalService, Insights: InsightsService},
)

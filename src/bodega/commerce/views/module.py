"""Manifest of views."""

from pathlib import Path

from bodega.backbone.module import Module
from bodega.backbone.read_models import ReadModel
from bodega.commerce.views.handlers import HANDLERS
from bodega.commerce.views.jobs import JOBS
from bodega.commerce.views.routes import ROUTERS
from bodega.commerce.views.service import ViewsService
from bodega.commerce.views.tables import METADATA
from bodega.contracts.views import Views

MODULE = Module(
    name="views",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Views: ViewsService},
    read_models=[
        ReadModel("orders", "views.orders", ("views.order_events", "views.orders")),
        ReadModel("customers", "views.customers", ("views.customer_orders", "views.customers")),
        ReadModel("stock", "views.stock", ("views.stock",)),
    ],
    migrations=Path(__file__).parent / "migrations",
)

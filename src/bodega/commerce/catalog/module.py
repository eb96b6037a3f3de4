"""Manifest of the catalogue."""

from pathlib import Path

from bodega.backbone.module import Module, public
from bodega.backbone.tables import SOURCE_COLUMNS, TIME_COLUMNS
from bodega.commerce.catalog.handlers import HANDLERS
from bodega.commerce.catalog.jobs import JOBS
from bodega.commerce.catalog.routes import ROUTERS
from bodega.commerce.catalog.service import AssortmentService, CatalogService
from bodega.commerce.catalog.tables import METADATA
from bodega.contracts.catalog import Assortment, Catalog

_AUDIT = (*TIME_COLUMNS, *SOURCE_COLUMNS)

MODULE = Module(
    name="catalog",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Catalog: CatalogService, Assortment: AssortmentService},
    published={
        "products": public("id", "slug", "title", "category", "status", *_AUDIT),
        "variants": public(
            "id",
            "product_id",
            "sku",
            "title",
            "price_amount",
            "price_currency",
            "status",
            *_AUDIT,
        ),
    },
    migrations=Path(__file__).parent / "migrations",
)

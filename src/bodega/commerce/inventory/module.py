"""Manifest of inventory."""

from pathlib import Path

from bodega.backbone.module import Module, public
from bodega.backbone.tables import TIME_COLUMNS
from bodega.commerce.inventory.handlers import HANDLERS
from bodega.commerce.inventory.jobs import JOBS
from bodega.commerce.inventory.routes import ROUTERS
from bodega.commerce.inventory.service import (
    BuyingService,
    InventoryService,
    LocationsService,
    StockroomService,
    WarehouseService,
)
from bodega.commerce.inventory.tables import METADATA
from bodega.contracts.buying import Buying
from bodega.contracts.inventory import Inventory, Locations
from bodega.contracts.stockroom import Stockroom
from bodega.contracts.warehouse import Warehouse

MODULE = Module(
    name="inventory",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={
        Inventory: InventoryService,
        Warehouse: WarehouseService,
        Locations: LocationsService,
        Stockroom: StockroomService,
        Buying: BuyingService,
    },
    published={
        "levels": public("variant_id", "location", "on_hand", *TIME_COLUMNS),
        "movements": public(
            "id",
            "variant_id",
            "location",
            "quantity",
            "reason",
            "reference_id",
            *TIME_COLUMNS,
        ),
    },
    migrations=Path(__file__).parent / "migrations",
)

"""Use cases of inventory, a file a concept; the services answer its contracts."""

from bodega.commerce.inventory.service.buying import BuyingService
from bodega.commerce.inventory.service.contract import InventoryService
from bodega.commerce.inventory.service.stockroom import LocationsService, StockroomService
from bodega.commerce.inventory.service.warehouse import WarehouseService

__all__ = [
    "BuyingService",
    "InventoryService",
    "LocationsService",
    "StockroomService",
    "WarehouseService",
]

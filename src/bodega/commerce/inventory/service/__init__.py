"""Use cases of inventory, a file a concept; two services answer its contracts."""

from bodega.commerce.inventory.service.contract import InventoryService
from bodega.commerce.inventory.service.warehouse import WarehouseService

__all__ = ["InventoryService", "WarehouseService"]

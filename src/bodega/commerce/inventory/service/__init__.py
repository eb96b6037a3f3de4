"""Use cases of inventory, a file a concept; `InventoryService` answers the contract."""

from bodega.commerce.inventory.service.contract import InventoryService

__all__ = ["InventoryService"]

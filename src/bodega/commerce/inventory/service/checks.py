"""The daily check of every level against its ledger, told as events and in the log."""

from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.inventory.service.warehouse import WarehouseService
from bodega.contracts.inventory import StockMismatch
from bodega.contracts.warehouse import StockCheck

log = get_logger(__name__)


async def check_and_tell(context: Context) -> StockCheck:
    """An event and an error in the log for each level that differs."""
    check = await WarehouseService(context).check()
    async with context.database.work(actor="job:inventory.check") as uow:
        for found in check.differences:
            log.error("stock_mismatch", **found.model_dump(mode="json"))
            uow.emit(StockMismatch(variant_id=found.variant_id, location=found.location))
    return check

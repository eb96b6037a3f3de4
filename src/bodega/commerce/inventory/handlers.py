"""Inventory follows its own events to forget what pages were shown."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.inventory.service.availability import cache_key
from bodega.contracts.inventory import StockChanged, StockPromised
from bodega.kernel.events import Envelope


async def forget_shown(
    context: Context, _uow: UnitOfWork, _envelope: Envelope, event: StockChanged | StockPromised
) -> None:
    await context.cache.forget(cache_key(event.variant_id))


HANDLERS: list[Handler] = [
    Handler("inventory.forget_shown", (StockChanged, StockPromised), forget_shown)
]

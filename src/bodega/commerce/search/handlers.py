"""The search's reactions to the catalogue: note in the same transaction what to learn."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.search import service
from bodega.contracts.catalog import ProductChanged, ProductsImported
from bodega.kernel.events import Envelope


async def follow(
    _context: Context,
    uow: UnitOfWork,
    _envelope: Envelope,
    event: ProductChanged | ProductsImported,
) -> None:
    product_id = event.product_id if isinstance(event, ProductChanged) else None
    await service.request(uow, product_id=product_id)


HANDLERS: list[Handler] = [
    Handler("search.follow_catalog", (ProductChanged, ProductsImported), follow)
]

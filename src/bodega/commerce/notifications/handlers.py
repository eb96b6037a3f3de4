"""The notifications' reactions: queue the message in the handler's own transaction."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.notifications import service
from bodega.contracts.orders import OrderPlaced
from bodega.kernel.events import Envelope


async def confirm_order(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderPlaced
) -> None:
    await service.queue_confirmation(uow, order_id=event.order_id)


HANDLERS: list[Handler] = [Handler("notifications.confirm_order", (OrderPlaced,), confirm_order)]

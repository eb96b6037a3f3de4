"""What payments does when orders report: the sale goes into the ledger."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.payments.service import ledger
from bodega.contracts.orders import OrderCancelled, OrderPlaced, Orders
from bodega.kernel.events import Envelope


async def book_sale(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderPlaced | OrderCancelled
) -> None:
    """The order as it is now is what was sold; what was booked of it before is made up to that."""
    order = await context.container.get(Orders).order(event.order_id)
    if order is not None:
        cancelled = isinstance(event, OrderCancelled)
        await ledger.book_sale(uow, checkout_id=event.checkout_id, order=order, cancelled=cancelled)


HANDLERS: list[Handler] = [Handler("payments.book_sale", (OrderPlaced, OrderCancelled), book_sale)]

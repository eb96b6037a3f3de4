"""What orders does when others report."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.orders.service import paying
from bodega.contracts.inventory import StockChanged
from bodega.contracts.payments import PaymentCaptured
from bodega.kernel.events import Envelope


async def paid(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: PaymentCaptured
) -> None:
    """The money is here: the order is paid."""
    await paying.mark_paid(context, uow, checkout_id=event.checkout_id, amount=event.amount)


async def stocked(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: StockChanged
) -> None:
    """Goods came in: paid orders may have been waiting for them."""
    if event.quantity > 0:
        await paying.settle_waiting(context, uow, variant_id=event.variant_id)


HANDLERS: list[Handler] = [
    Handler("orders.paid", (PaymentCaptured,), paid),
    Handler("orders.stocked", (StockChanged,), stocked),
]

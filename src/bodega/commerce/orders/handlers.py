"""What orders does when others report."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.orders.service import life
from bodega.contracts.payments import PaymentCaptured
from bodega.kernel.events import Envelope


async def paid(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: PaymentCaptured
) -> None:
    """The money is here: the order is paid."""
    await life.mark_paid(uow, checkout_id=event.checkout_id, amount=event.amount)


HANDLERS: list[Handler] = [Handler("orders.paid", (PaymentCaptured,), paid)]

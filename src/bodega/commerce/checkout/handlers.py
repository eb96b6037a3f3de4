"""What checkout does when others report."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.checkout import repository
from bodega.contracts.payments import PaymentActionDone
from bodega.kernel.events import Envelope


async def buyer_acted(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: PaymentActionDone
) -> None:
    """The saga is due: the next sweep asks how the payment stands and goes on."""
    await repository.wake(uow.connection, event.checkout_id, now=context.clock.now())


HANDLERS: list[Handler] = [Handler("checkout.buyer_acted", (PaymentActionDone,), buyer_acted)]

"""What orders does when others report."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.orders.repository import asking
from bodega.commerce.orders.service import paying, reversals
from bodega.contracts.inventory import StockChanged
from bodega.contracts.payments import (
    PaymentActionDone,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefundFailed,
)
from bodega.kernel.events import Envelope


async def paid(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: PaymentCaptured
) -> None:
    """The money is here: the order is paid."""
    await paying.mark_paid(context, uow, checkout_id=event.checkout_id, amount=event.amount)


async def bank_answered(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: PaymentActionDone
) -> None:
    """Whoever pays for a change may close the bank's page and never come back to ours."""
    await asking.charge_moved(uow.connection, event.checkout_id, now=context.clock.now())


async def stocked(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: StockChanged
) -> None:
    """Goods came in: paid orders may have been waiting for them."""
    if event.quantity > 0:
        await paying.settle_waiting(context, uow, variant_id=event.variant_id)


async def refund_came_back(
    _context: Context, uow: UnitOfWork, envelope: Envelope, event: PaymentRefundFailed
) -> None:
    """The buyer does not have the money after all: the order says so."""
    await reversals.refund_failed(uow, event, at=envelope.occurred_at)


async def refund_sent_again(
    _context: Context, uow: UnitOfWork, envelope: Envelope, event: PaymentRefunded
) -> None:
    """A refund that had failed was made again, and arrived."""
    await reversals.refund_retried(uow, event, at=envelope.occurred_at)


HANDLERS: list[Handler] = [
    Handler("orders.paid", (PaymentCaptured,), paid),
    Handler("orders.bank_answered", (PaymentActionDone,), bank_answered),
    Handler("orders.stocked", (StockChanged,), stocked),
    Handler("orders.refund_came_back", (PaymentRefundFailed,), refund_came_back),
    Handler("orders.refund_sent_again", (PaymentRefunded,), refund_sent_again),
]

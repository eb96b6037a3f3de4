"""What payments does when orders report: the sale goes into the ledger."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.payments.service import ledger
from bodega.contracts.aftersales import OrderEdited, OrderExchanged
from bodega.contracts.orders import OrderCancelled, OrderPlaced, Orders
from bodega.kernel.events import Envelope


async def book_sale(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderPlaced | OrderCancelled
) -> None:
    """The order is a debt of its buyer; a cancelled one only as far as money was kept."""
    order = await context.container.get(Orders).order(event.order_id)
    if order is not None:
        cancelled = isinstance(event, OrderCancelled)
        await ledger.book_sale(uow, checkout_id=event.checkout_id, order=order, cancelled=cancelled)


async def book_charge(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderEdited
) -> None:
    """An edit that costs more sells more; what it costs less is a refund, booked as that."""
    if event.charge_id and event.charge and event.charge_tax:
        await ledger.book_charge(
            uow,
            charge_id=event.charge_id,
            order_id=event.order_id,
            charge=event.charge,
            tax=event.charge_tax,
        )


async def book_exchange(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderExchanged
) -> None:
    """The goods that came back pay for those that go out instead."""
    await ledger.book_exchange(
        uow, exchange_id=event.exchange_id, credit_of=event.credit_of, credit=event.credit
    )


HANDLERS: list[Handler] = [
    Handler("payments.book_sale", (OrderPlaced, OrderCancelled), book_sale),
    Handler("payments.book_charge", (OrderEdited,), book_charge),
    Handler("payments.book_exchange", (OrderExchanged,), book_exchange),
]

"""What payments does when orders report: the sale goes into the ledger."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.payments.service import ledger
from bodega.contracts.aftersales import OrderEdited, OrderExchanged, OrderRefunded
from bodega.contracts.orders import OrderCancelled, OrderPlaced, Orders, OrderView
from bodega.kernel.events import Envelope


async def book_sale(
    context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderPlaced | OrderCancelled
) -> None:
    """The order is a debt of its buyer; a cancelled one only as far as money was kept."""
    order = await context.container.get(Orders).order(event.order_id)
    if order is not None:
        cancelled = isinstance(event, OrderCancelled)
        await ledger.book_sale(
            uow,
            checkout_id=event.checkout_id,
            order=_as_placed(order, event) if isinstance(event, OrderPlaced) else order,
            cancelled=cancelled,
        )


def _as_placed(order: OrderView, event: OrderPlaced) -> OrderView:
    """It may have been edited before we hear of it; then the edit is booked by itself."""
    return order.model_copy(update={"total": event.total, "tax": event.tax or order.tax})


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


async def book_credited_tax(
    _context: Context,
    uow: UnitOfWork,
    _envelope: Envelope,
    event: OrderRefunded | OrderEdited | OrderCancelled,
) -> None:
    """The state gets back what the credit note says, and not a share of the sale's tax."""
    if event.checkout_id is not None and event.credited_tax is not None:
        ledger.book_credited_tax(
            uow,
            reference=event.order_id if isinstance(event, OrderCancelled) else event.operation_id,
            checkout_id=event.checkout_id,
            tax=event.credited_tax,
        )


HANDLERS: list[Handler] = [
    Handler("payments.book_sale", (OrderPlaced, OrderCancelled), book_sale),
    Handler("payments.book_charge", (OrderEdited,), book_charge),
    Handler(
        "payments.book_credited_tax",
        (OrderRefunded, OrderEdited, OrderCancelled),
        book_credited_tax,
    ),
    Handler("payments.book_exchange", (OrderExchanged,), book_exchange),
]

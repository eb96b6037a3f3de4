"""Each read model is kept by one handler, so that one position in the log says how far it is."""

from typing import get_args

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.views import repository, service
from bodega.contracts.aftersales import (
    OrderAllocated,
    OrderEdited,
    OrderRefunded,
    OrderShipped,
    ReturnChanged,
    ShipmentTracked,
)
from bodega.contracts.inventory import StockChanged, StockImported, StockPromised
from bodega.contracts.orders import OrderCancelled, OrderPaid, OrderPlaced
from bodega.contracts.payments import PaymentRefunded
from bodega.kernel.events import Envelope, Event
from bodega.kernel.money import Money

Told = (
    OrderPlaced
    | OrderPaid
    | OrderAllocated
    | OrderShipped
    | ShipmentTracked
    | OrderEdited
    | OrderRefunded
    | ReturnChanged
    | OrderCancelled
)
_STATUS: dict[type[Event], str] = {
    OrderPaid: "paid",
    OrderAllocated: "allocated",
    OrderShipped: "shipped",
    OrderCancelled: "cancelled",
}


async def orders(
    _context: Context, uow: UnitOfWork, envelope: Envelope, event: Told | PaymentRefunded
) -> None:
    """An order as it stands, and what happened to it. A refund may be told of before its order."""
    if isinstance(event, PaymentRefunded):
        repository.add_event(
            uow.connection, envelope, checkout_id=event.checkout_id, amount=event.amount
        )
        return
    if isinstance(event, OrderPlaced):
        repository.add_order(uow.connection, event, at=envelope.occurred_at)
    if isinstance(event, OrderEdited):
        repository.set_total(uow.connection, event.order_id, event.total)
    if type(event) in _STATUS:
        repository.set_status(uow.connection, event.order_id, _STATUS[type(event)])
    repository.add_event(
        uow.connection,
        envelope,
        order_id=event.order_id,
        amount=_money(event),
        detail=_detail(event),
    )


def _money(event: Told) -> Money | None:
    if isinstance(event, OrderPlaced | OrderEdited):
        return event.total
    return event.amount if isinstance(event, OrderPaid | OrderRefunded) else None


def _detail(event: Told) -> str | None:
    if isinstance(event, OrderCancelled):
        return event.reason
    if isinstance(event, ReturnChanged):
        return event.status
    return event.step if isinstance(event, ShipmentTracked) else None


async def customers(
    _context: Context,
    uow: UnitOfWork,
    envelope: Envelope,
    event: OrderPlaced | OrderEdited | OrderRefunded | OrderCancelled,
) -> None:
    """What each customer has bought."""
    if isinstance(event, OrderCancelled):
        repository.take_back(uow.connection, event.order_id)
    elif isinstance(event, OrderEdited):
        repository.set_bought(uow.connection, event.order_id, event.total)
    elif isinstance(event, OrderRefunded):
        repository.give_back(uow.connection, event.order_id, event.amount)
    elif event.customer_id is not None:
        repository.add_bought(uow.connection, event, at=envelope.occurred_at)


async def stock(
    context: Context,
    uow: UnitOfWork,
    envelope: Envelope,
    event: StockChanged | StockPromised | StockImported,
) -> None:
    """What came in and what was sold; how much is left is asked by the sweep."""
    if isinstance(event, StockImported):
        await service.see_imported_stock(context, uow)
    elif isinstance(event, StockPromised):
        repository.move_stock(
            uow.connection, event.variant_id, at=envelope.occurred_at, sold=event.quantity
        )
    else:
        repository.move_stock(
            uow.connection,
            event.variant_id,
            at=envelope.occurred_at,
            received=max(0, event.quantity),
        )


HANDLERS: list[Handler] = [
    Handler("views.orders", (*get_args(Told), PaymentRefunded), orders),
    Handler(
        "views.customers", (OrderPlaced, OrderEdited, OrderRefunded, OrderCancelled), customers
    ),
    Handler("views.stock", (StockChanged, StockPromised, StockImported), stock),
]

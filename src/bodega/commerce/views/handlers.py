"""Each read model is kept by one handler, so that one position in the log says how far it is."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.views import repository, service
from bodega.contracts.inventory import StockChanged, StockImported, StockPromised
from bodega.contracts.orders import OrderCancelled, OrderPaid, OrderPlaced
from bodega.contracts.payments import PaymentRefunded
from bodega.kernel.events import Envelope


async def orders(
    _context: Context,
    uow: UnitOfWork,
    envelope: Envelope,
    event: OrderPlaced | OrderPaid | OrderCancelled | PaymentRefunded,
) -> None:
    """An order as it stands, and what happened to it. A refund may be told of before its order."""
    if isinstance(event, PaymentRefunded):
        await repository.add_event(
            uow.connection, envelope, checkout_id=event.checkout_id, amount=event.amount
        )
    elif isinstance(event, OrderPlaced):
        await repository.add_order(uow.connection, event, at=envelope.occurred_at)
        await repository.add_event(
            uow.connection, envelope, order_id=event.order_id, amount=event.total
        )
    elif isinstance(event, OrderPaid):
        await repository.set_status(uow.connection, event.order_id, "paid")
        await repository.add_event(
            uow.connection, envelope, order_id=event.order_id, amount=event.amount
        )
    else:
        await repository.set_status(uow.connection, event.order_id, "cancelled")
        await repository.add_event(
            uow.connection, envelope, order_id=event.order_id, detail=event.reason
        )


async def customers(
    _context: Context, uow: UnitOfWork, envelope: Envelope, event: OrderPlaced | OrderCancelled
) -> None:
    """What each customer has bought."""
    if isinstance(event, OrderCancelled):
        await repository.take_back(uow.connection, event.order_id)
    elif event.customer_id is not None:
        await repository.add_bought(uow.connection, event, at=envelope.occurred_at)


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
        await repository.move_stock(
            uow.connection, event.variant_id, at=envelope.occurred_at, sold=event.quantity
        )
    else:
        await repository.move_stock(
            uow.connection,
            event.variant_id,
            at=envelope.occurred_at,
            received=max(0, event.quantity),
        )


HANDLERS: list[Handler] = [
    Handler("views.orders", (OrderPlaced, OrderPaid, OrderCancelled, PaymentRefunded), orders),
    Handler("views.customers", (OrderPlaced, OrderCancelled), customers),
    Handler("views.stock", (StockChanged, StockPromised, StockImported), stock),
]

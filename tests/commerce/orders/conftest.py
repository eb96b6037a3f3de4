"""A desk over a real database: orders that are paid, with stock and payments in memory."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bodega.backbone.container import Container
from bodega.backbone.module import Context
from bodega.commerce.orders.handlers import paid
from bodega.commerce.orders.service.aftersales import AfterSalesService
from bodega.commerce.orders.service.answers import OrdersService
from bodega.contracts.aftersales import DocumentView, OperationView
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import OrderLine, Orders, OrderView, PlaceOrder
from bodega.contracts.payments import PaymentCaptured, Payments
from bodega.kernel.clock import FixedClock
from bodega.kernel.events import Envelope
from bodega.kernel.ids import CommandId, OperationId, OrderLineId, PaymentId, new_id
from tests.commerce.orders.doubles import MemoryPayments, MemoryStock, Weather
from tests.commerce.orders.goods import wanted

ACTOR = "staff:ada"


async def captured(context: Context, request: PlaceOrder, *, amount: Any = None) -> None:
    event = PaymentCaptured(
        payment_id=PaymentId(new_id()),
        checkout_id=request.checkout_id,
        amount=request.total if amount is None else amount,
    )
    envelope = Envelope(
        event_id=new_id(),
        type=event.type,
        version=1,
        key=event.key,
        occurred_at=datetime.now(UTC),
        correlation_id="test",
        actor="test",
        payload=event.model_dump(mode="json"),
    )
    async with context.database.work() as uow:
        await paid(context, uow, envelope, event)


class Desk:
    """What a shop's staff can do with orders."""

    def __init__(self, context: Context) -> None:
        self.context_of_catalog = context
        self.weather = Weather()
        self.stock = MemoryStock(self.weather)
        self.payments = MemoryPayments(self.weather)
        self.clock = FixedClock(datetime.now(UTC))
        container = Container()
        self.context = replace(context, container=container, clock=self.clock)
        container.bind(Inventory, self.stock)
        container.bind(Payments, self.payments)
        container.bind(Catalog, context.container.get(Catalog))
        container.bind(Orders, OrdersService(self.context))
        self.after = AfterSalesService(self.context)
        self.orders = OrdersService(self.context)

    async def sold(self, *lines: OrderLine, **changes: Any) -> OrderView:
        """An order that is paid and whose stock is promised at the main location."""
        request = wanted(*lines).model_copy(update=changes)
        placed = await self.orders.place(command_id=CommandId(new_id()), request=request)
        for line in request.lines:
            if line.variant_id is not None:
                self.stock.promise(request.checkout_id, line.variant_id, line.quantity)
        self.payments.pay(request.checkout_id, request.total)
        await captured(self.context, request)
        found = await self.orders.order(placed.order_id)
        assert found is not None
        return found

    async def again(self, order: OrderView) -> OrderView:
        found = await self.orders.order(order.id)
        assert found is not None
        return found

    async def do(self, kind: str, order: OrderView, request: Any, **options: Any) -> OperationView:
        """One operation under a fresh id."""
        id = options.get("id") or OperationId(new_id())
        perform = getattr(self.after, kind)
        done: OperationView = await perform(id=id, order_id=order.id, request=request, actor=ACTOR)
        return done

    async def papers(self, order: OrderView) -> list[tuple[str, int, int]]:
        """(name, tax, total) of every document."""
        found: list[DocumentView] = list(await self.after.documents(order.id))
        return [(item.name, item.tax.amount, item.total.amount) for item in found]

    async def kinds(self, order: OrderView) -> list[str]:
        return [entry.kind for entry in await self.orders.history(order.id)]


@pytest.fixture
def desk(context: Context) -> Desk:
    return Desk(context)


def line_id(order: OrderView, at: int = 0) -> OrderLineId:
    found = order.lines[at].id
    assert found is not None
    return found

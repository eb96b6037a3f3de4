"""Captured money makes an order paid."""

from datetime import UTC, datetime

import pytest

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import AmountDiffers, OrderNotFound
from bodega.commerce.orders.handlers import paid
from bodega.contracts.orders import Orders, OrderView, PlaceOrder
from bodega.contracts.payments import PaymentCaptured
from bodega.kernel.events import Envelope
from bodega.kernel.ids import CommandId, PaymentId, new_id
from tests.commerce.orders.goods import pounds, wanted


async def captured(context: Context, request: PlaceOrder, *, amount: int | None = None) -> None:
    event = PaymentCaptured(
        payment_id=PaymentId(new_id()),
        checkout_id=request.checkout_id,
        amount=request.total if amount is None else pounds(amount),
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


async def placed(context: Context) -> PlaceOrder:
    request = wanted()
    await context.container.get(Orders).place(command_id=CommandId(new_id()), request=request)
    return request


async def order(context: Context, request: PlaceOrder) -> OrderView:
    found = await context.container.get(Orders).by_checkout(request.checkout_id)
    assert found is not None
    return found


async def test_the_order_becomes_paid_and_stays_so(context: Context) -> None:
    request = await placed(context)
    for _ in range(2):
        await captured(context, request)
        assert (await order(context, request)).status == "paid"


async def test_another_amount_is_not_accepted(context: Context) -> None:
    request = await placed(context)
    with pytest.raises(AmountDiffers):
        await captured(context, request, amount=1)
    assert (await order(context, request)).status == "pending"


async def test_money_for_no_order_is_an_error(context: Context) -> None:
    with pytest.raises(OrderNotFound):
        await captured(context, wanted())


async def test_a_cancelled_order_is_not_revived(context: Context) -> None:
    request = await placed(context)
    await context.container.get(Orders).cancel(
        command_id=CommandId(new_id()), checkout_id=request.checkout_id, reason="test"
    )
    await captured(context, request)
    assert (await order(context, request)).status == "cancelled"

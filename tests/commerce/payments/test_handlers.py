"""Orders report, and the ledger knows what was sold."""

from datetime import UTC, datetime

from bodega.backbone.module import Context
from bodega.commerce.payments.handlers import book_charge, book_sale
from bodega.contracts.aftersales import OrderEdited
from bodega.contracts.books import Books
from bodega.contracts.orders import OrderCancelled, OrderLine, OrderPlaced, Orders, PlaceOrder
from bodega.kernel.events import Envelope, Event
from bodega.kernel.ids import CartId, CheckoutId, CommandId, OperationId, OrderId, new_id
from bodega.kernel.money import Money
from tests.kit.goods import ADDRESS


def envelope(event: Event) -> Envelope:
    return Envelope(
        event_id=new_id(), type=event.type, version=1, key=event.key,
        occurred_at=datetime.now(UTC), correlation_id="test", actor="test",
        payload=event.model_dump(mode="json"),
    )  # fmt: skip


async def told(context: Context, event: OrderPlaced | OrderCancelled) -> None:
    async with context.database.work() as uow:
        await book_sale(context, uow, envelope(event), event)


async def placed(context: Context) -> OrderPlaced:
    price, tax = Money(amount=1200, currency="GBP"), Money(amount=200, currency="GBP")
    line = OrderLine(
        product_id=None, variant_id=None, sku="MUG", title="Mug", quantity=1, unit_price=price,
        total=price, tax=tax,
    )  # fmt: skip
    request = PlaceOrder(
        checkout_id=CheckoutId(new_id()), cart_id=CartId(new_id()), customer_id=None,
        email="ada@example.com", shipping_address=ADDRESS, lines=[line], total=price,
    )  # fmt: skip
    order = await context.container.get(Orders).place(
        command_id=CommandId(new_id()), request=request
    )
    return OrderPlaced(
        order_id=order.order_id, number=order.number, checkout_id=request.checkout_id,
        cart_id=request.cart_id, customer_id=None, lines=[], total=price,
    )  # fmt: skip


async def accounts(context: Context) -> dict[str, int]:
    found = await context.container.get(Books).balances()
    return {item.account: item.balance for item in found}


async def test_an_order_is_a_debt_revenue_and_tax_however_often_it_is_told(
    context: Context,
) -> None:
    event = await placed(context)
    await told(context, event)
    await told(context, event)
    assert await accounts(context) == {"receivable": 1200, "revenue": -1000, "tax": -200}


async def test_a_cancelled_order_leaves_nothing(context: Context) -> None:
    event = await placed(context)
    cancelled = OrderCancelled(
        order_id=event.order_id, checkout_id=event.checkout_id, reason="declined"
    )
    await told(context, event)
    await told(context, cancelled)
    await told(context, event)
    assert set((await accounts(context)).values()) == {0}


async def test_an_order_nobody_knows_is_no_sale(context: Context) -> None:
    gone = OrderCancelled(
        order_id=OrderId(new_id()), checkout_id=CheckoutId(new_id()), reason="never placed"
    )
    await told(context, gone)
    assert await accounts(context) == {}


async def test_an_edit_that_costs_more_is_a_sale_of_its_own(context: Context) -> None:
    event = await placed(context)
    await told(context, event)
    edited = OrderEdited(
        order_id=event.order_id,
        operation_id=OperationId(new_id()),
        total=Money(amount=1800, currency="GBP"),
        charge_id=CheckoutId(new_id()),
        charge=Money(amount=600, currency="GBP"),
        charge_tax=Money(amount=100, currency="GBP"),
    )
    cheaper = OrderEdited(
        order_id=event.order_id, operation_id=OperationId(new_id()), total=edited.total
    )
    for change in (edited, edited, cheaper):
        async with context.database.work() as uow:
            await book_charge(context, uow, envelope(change), change)
    await told(context, event)
    assert await accounts(context) == {"receivable": 1800, "revenue": -1500, "tax": -300}

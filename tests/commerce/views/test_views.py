"""Read models follow the events, and come out the same when they are made anew."""

from collections.abc import AsyncIterator, Sequence

import httpx
import psycopg
import pytest

from bodega.apps.read_models import read_models, rebuild, standing
from bodega.apps.worker import consumers
from bodega.backbone.module import Context
from bodega.backbone.read_models import ReadModelUnknown
from bodega.commerce.views.jobs import ask_again
from bodega.commerce.views.service import ask_stock
from bodega.contracts.aftersales import OrderEdited, OrderRefunded, OrderShipped, ReturnChanged
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import OrderCancelled, OrderPaid, OrderPlaced
from bodega.contracts.payments import PaymentRefunded
from bodega.contracts.views import Views
from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CartId,
    CheckoutId,
    CommandId,
    OperationId,
    PaymentId,
    ProductId,
    RefundId,
    ReturnId,
    ShipmentId,
    UserId,
    VariantId,
    new_id,
)
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from tests.backbone.events.probe import relaying
from tests.kit.doors import Doors
from tests.kit.goods import stocked

NAMES = {model.consumer for model in read_models().values()}
TABLES = [table for model in read_models().values() for table in model.tables]


@pytest.fixture
async def shop(context: Context) -> AsyncIterator[Context]:
    with relaying(context.settings):
        yield context


async def read(context: Context) -> None:
    """Until every event that was emitted is logged and handled."""
    with psycopg.connect(context.settings.dsn, autocommit=True) as connection:
        for _ in range(300):
            row = connection.execute("SELECT count(*) FROM backbone.outbox").fetchone()
            if row == (0,):
                break
            connection.execute("SELECT pg_sleep(0.02)")
    await consumers(context, only=NAMES).drain()
    await ask_stock(context)


async def tell(context: Context, *events: Event) -> None:
    async with context.database.work(actor="test") as uow:
        for event in events:
            uow.emit(event)


def placed(customer: UserId | None, pence: int, *, currency: str = "GBP") -> OrderPlaced:
    total = Money(amount=pence, currency=currency)
    return OrderPlaced.model_validate(
        {
            "order_id": new_id(),
            "number": pence,
            "checkout_id": new_id(),
            "cart_id": CartId(new_id()),
            "customer_id": customer,
            "lines": [
                {
                    "product_id": ProductId(new_id()),
                    "variant_id": VariantId(new_id()),
                    "quantity": 2,
                    "total": total,
                },
                {"product_id": None, "variant_id": None, "quantity": 1, "total": total * 0},
            ],
            "total": total,
        }
    )


def cancelled(event: OrderPlaced) -> Event:
    return OrderCancelled(
        order_id=event.order_id, checkout_id=event.checkout_id, reason="out_of_stock"
    )


def refunded(event: OrderPlaced, pence: int) -> PaymentRefunded:
    return PaymentRefunded(
        payment_id=PaymentId(new_id()),
        refund_id=RefundId(new_id()),
        checkout_id=event.checkout_id,
        amount=Money(amount=pence, currency=event.total.currency),
    )


def paid(event: OrderPlaced) -> Event:
    return OrderPaid(order_id=event.order_id, amount=event.total)


def everything(context: Context) -> dict[str, Sequence[object]]:
    with psycopg.connect(context.settings.dsn) as connection:
        return {
            table: sorted(map(str, connection.execute(f"SELECT * FROM {table}").fetchall()))  # type: ignore[arg-type]
            for table in TABLES
        }


async def test_an_order_has_a_history(shop: Context) -> None:
    order = placed(None, 1_000)
    await tell(shop, order, paid(order), refunded(order, 300), cancelled(order))
    await read(shop)
    found = await shop.container.get(Views).order_history(order.order_id)
    assert found is not None
    assert (found.status, found.units, found.total.amount, found.refunded.amount) == (
        "cancelled",
        2,
        1_000,
        300,
    )
    assert sorted(entry.type for entry in found.entries) == [
        "orders.order_cancelled",
        "orders.order_paid",
        "orders.order_placed",
        "payments.payment_refunded",
    ]
    assert {entry.detail for entry in found.entries} == {None, "out_of_stock"}


async def test_life_after_the_sale_is_history_too(shop: Context) -> None:
    ada = UserId(new_id())
    order = placed(ada, 1_000)
    dearer = Money(amount=1_500, currency="GBP")
    changed = OrderEdited(order_id=order.order_id, operation_id=OperationId(new_id()), total=dearer)
    sent = OrderShipped(order_id=order.order_id, shipment_id=ShipmentId(new_id()))
    back = ReturnChanged(order_id=order.order_id, return_id=ReturnId(new_id()), status="requested")
    await tell(shop, order, changed, sent, back)
    await read(shop)
    found = await shop.container.get(Views).order_history(order.order_id)
    assert found is not None
    assert (found.status, found.total) == ("shipped", dearer)
    assert {entry.detail for entry in found.entries} == {None, "requested"}
    customer = await shop.container.get(Views).customer(ada)
    assert customer is not None
    assert customer.spending[0].spent == dearer


async def test_a_customer_is_summed_up_by_currency(shop: Context) -> None:
    ada = UserId(new_id())
    kept, undone, euros = placed(ada, 1_000), placed(ada, 500), placed(ada, 700, currency="EUR")
    await tell(shop, kept, undone, euros, placed(None, 9_000))
    await tell(shop, cancelled(undone))
    await read(shop)
    found = await shop.container.get(Views).customer(ada)
    assert found is not None
    assert [
        (item.spent.amount, item.spent.currency, item.orders, item.cancelled, item.units)
        for item in found.spending
    ] == [(700, "EUR", 1, 0, 2), (1_000, "GBP", 2, 1, 2)]


async def test_money_that_went_back_was_not_spent(shop: Context) -> None:
    ada = UserId(new_id())
    kept, undone = placed(ada, 1_000), placed(ada, 500)

    def given(order: OrderPlaced, amount: int) -> OrderRefunded:
        money = Money(amount=amount, currency="GBP")
        back = OperationId(new_id())
        return OrderRefunded(order_id=order.order_id, operation_id=back, amount=money)

    dearer = Money(amount=1_500, currency="GBP")
    edited = OrderEdited(order_id=kept.order_id, operation_id=OperationId(new_id()), total=dearer)
    await tell(shop, kept, undone, given(kept, 300), edited, given(kept, 50))
    await tell(shop, given(undone, 200), cancelled(undone))
    await read(shop)
    found = await shop.container.get(Views).customer(ada)
    assert found is not None
    assert [(item.spent.amount, item.cancelled) for item in found.spending] == [(1_150, 1)]


async def test_stock_is_counted_and_asked(shop: Context) -> None:
    mug = await stocked(shop, 5)
    inventory = shop.container.get(Inventory)
    checkout = CheckoutId(new_id())
    await inventory.reserve(
        command_id=CommandId(new_id()),
        checkout_id=checkout,
        lines=[ReservationLine(variant_id=mug, quantity=2)],
    )
    await inventory.allocate(command_id=CommandId(new_id()), checkout_id=checkout)
    await read(shop)
    [found] = (await shop.container.get(Views).stock(PageRequest())).items
    assert (found.variant_id, found.received, found.sold, found.available) == (mug, 5, 2, 3)
    assert found.last_sold_at is not None
    await inventory.release(command_id=CommandId(new_id()), checkout_id=checkout)
    await read(shop)
    [found] = (await shop.container.get(Views).stock(PageRequest())).items
    assert (found.sold, found.available) == (0, 5)


async def test_a_hold_that_ended_is_for_sale_again(shop: Context) -> None:
    mug = await stocked(shop, 5)
    inventory, checkout = shop.container.get(Inventory), CheckoutId(new_id())
    await inventory.reserve(
        command_id=CommandId(new_id()),
        checkout_id=checkout,
        lines=[ReservationLine(variant_id=mug, quantity=2)],
    )
    await read(shop)
    [found] = (await shop.container.get(Views).stock(PageRequest())).items
    assert found.available == 3
    await inventory.release(command_id=CommandId(new_id()), checkout_id=checkout)
    await ask_again(shop)
    await read(shop)
    [found] = (await shop.container.get(Views).stock(PageRequest())).items
    assert found.available == 5


async def test_made_anew_it_is_what_it_was(shop: Context) -> None:
    ada = UserId(new_id())
    orders = [placed(ada, 100 + number) for number in range(20)]
    await tell(shop, *orders, *(cancelled(order) for order in orders[::3]))
    await tell(shop, *(refunded(order, 10) for order in orders[::4]))
    await stocked(shop, 7)
    await read(shop)
    before = everything(shop)
    assert all(before.values())
    with psycopg.connect(shop.settings.dsn) as connection:
        connection.execute("UPDATE views.customers SET spent_amount = 1")
        connection.execute("DELETE FROM views.orders")
    assert everything(shop) != before
    assert {item.behind for item in await rebuild(shop)} == {0}
    await ask_stock(shop)
    assert everything(shop) == before


async def test_one_alone_is_made_anew(shop: Context) -> None:
    await tell(shop, placed(UserId(new_id()), 100))
    await read(shop)
    with psycopg.connect(shop.settings.dsn) as connection:
        connection.execute("DELETE FROM views.customers")
        connection.execute("UPDATE views.orders SET status = 'odd'")
    await rebuild(shop, "customers")
    with psycopg.connect(shop.settings.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM views.customers").fetchone() == (1,)
        assert connection.execute("SELECT status FROM views.orders").fetchone() == ("odd",)


async def test_a_read_model_nobody_knows_is_named(shop: Context) -> None:
    with pytest.raises(ReadModelUnknown, match="orders, customers, stock"):
        await rebuild(shop, "dreams")
    assert [item.name for item in await standing(shop)] == ["orders", "customers", "stock"]


async def test_staff_read_them_over_http(doors: Doors, shop: Context) -> None:
    staff = await doors.staff(await doors.admin())
    ada = UserId(new_id())
    order = placed(ada, 1_000)
    await tell(shop, order)
    await stocked(shop, 1)
    await read(shop)
    for path, part in (
        (f"orders/{order.order_id}", "entries"),
        (f"customers/{ada}", "spending"),
        ("stock", "items"),
    ):
        answer = await staff.get(f"/api/v1/admin/views/{path}")
        assert answer.status_code == 200, answer.text
        assert len(answer.json()[part]) == 1
    await missing(staff, f"orders/{new_id()}", "order_history_not_found")
    await missing(staff, f"customers/{new_id()}", "customer_view_not_found")
    odd = await staff.get("/api/v1/admin/views/stock?cursor=nonsense")
    assert odd.status_code == 422


async def missing(staff: httpx.AsyncClient, path: str, code: str) -> None:
    answer = await staff.get(f"/api/v1/admin/views/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, code)

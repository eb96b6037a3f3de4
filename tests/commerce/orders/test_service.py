"""Orders on a real PostgreSQL: gapless numbers, idempotent steps, loading in bulk."""

import asyncio
from decimal import Decimal

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.orders.errors import AmountDiffers
from bodega.commerce.orders.service.life import place as place_order
from bodega.contracts.orders import OrderLine, Orders, OrderView, PlaceOrder
from bodega.kernel.ids import CheckoutId, CommandId, ImportBatchId, ProductId, UserId, new_id
from bodega.kernel.page import PageRequest
from tests.commerce.orders.goods import LONG_AGO, imported, line, pounds, returned, wanted
from tests.kit.goods import ADDRESS


def command() -> CommandId:
    return CommandId(new_id())


@pytest.fixture
def orders(context: Context) -> Orders:
    return context.container.get(Orders)


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(sql).fetchall()


def bought(order: OrderView) -> list[OrderLine]:
    """The lines as they were asked for, before they got ids."""
    assert all(line.id for line in order.lines)
    return [line.model_copy(update={"id": None}) for line in order.lines]


async def order(orders: Orders, request: PlaceOrder) -> OrderView:
    found = await orders.by_checkout(request.checkout_id)
    assert found is not None
    return found


async def test_an_order_keeps_what_was_bought(orders: Orders) -> None:
    request = wanted(line(2, 599), line(1, 1250))
    placed = await orders.place(command_id=command(), request=request)
    found = await orders.order(placed.order_id)
    assert found is not None
    assert found == await order(orders, request)
    assert (found.number, found.status, found.country) == (1001, "pending", "GB")
    assert bought(found) == request.lines
    assert found.total == found.subtotal == pounds(2448)
    assert found.shipping_address == request.shipping_address


async def test_placing_again_answers_the_same_order(orders: Orders, settings: Settings) -> None:
    request, id_ = wanted(), command()
    first = await orders.place(command_id=id_, request=request)
    assert await orders.place(command_id=id_, request=request) == first
    assert await orders.place(command_id=command(), request=request) == first
    assert rows(settings, "SELECT count(*) FROM backbone.outbox") == [(1,)]


async def test_an_event_says_what_was_sold_but_not_to_whom(
    orders: Orders, settings: Settings
) -> None:
    await orders.place(command_id=command(), request=wanted())
    [(payload,)] = rows(settings, "SELECT payload::text FROM backbone.outbox")
    assert '"number": 1001' in str(payload)
    assert "ada@example.com" not in str(payload)
    assert "High Street" not in str(payload)


async def test_numbers_have_no_gaps_under_load_and_failure(
    orders: Orders, context: Context, settings: Settings
) -> None:
    async def broken() -> None:
        async with context.database.work() as uow:
            await place_order(uow, request=wanted())
            raise ZeroDivisionError

    async def place(at: int) -> None:
        if at % 3:
            await orders.place(command_id=command(), request=wanted())
            return
        with pytest.raises(ZeroDivisionError):
            await broken()

    await asyncio.gather(*(place(at) for at in range(30)))
    numbers = [row[0] for row in rows(settings, "SELECT number FROM orders.orders ORDER BY 1")]
    assert numbers == list(range(1001, 1021))


async def test_lines_that_do_not_add_up_are_refused(orders: Orders, settings: Settings) -> None:
    with pytest.raises(AmountDiffers):
        await orders.place(command_id=command(), request=wanted(total=1))
    assert rows(settings, "SELECT count(*) FROM orders.orders") == [(0,)]


async def test_cancelling_is_done_once_and_keeps_the_number(
    orders: Orders, settings: Settings
) -> None:
    request = wanted()
    await orders.place(command_id=command(), request=request)
    for _ in range(2):
        await orders.cancel(command_id=command(), checkout_id=request.checkout_id, reason="test")
    assert (await order(orders, request)).status == "cancelled"
    types = [row[0] for row in rows(settings, "SELECT type FROM backbone.outbox ORDER BY id")]
    assert types == ["orders.order_placed", "orders.order_cancelled"]
    assert (await orders.place(command_id=command(), request=wanted())).number == 1002


async def test_the_history_says_what_when_who_and_why(orders: Orders) -> None:
    customer = UserId(new_id())
    request = wanted(customer=customer)
    placed = await orders.place(command_id=command(), request=request)
    await orders.cancel(command_id=command(), checkout_id=request.checkout_id, reason="no money")
    first, last = await orders.history(placed.order_id)
    assert (first.kind, first.before, first.after) == ("placed", None, "pending")
    assert (first.actor, first.reference) == (f"customer:{customer}", request.checkout_id)
    assert (last.kind, last.before, last.after) == ("cancelled", "pending", "cancelled")
    assert (last.actor, last.reason) == ("system", "no money")
    assert first.at <= last.at


@pytest.mark.parametrize("change", ["DELETE FROM", "UPDATE"])
async def test_history_cannot_be_rewritten(orders: Orders, settings: Settings, change: str) -> None:
    await orders.place(command_id=command(), request=wanted())
    tail = " SET reason = 'x'" if change == "UPDATE" else ""
    with (
        psycopg.connect(settings.dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute(f"{change} orders.history{tail}")


async def test_an_order_keeps_its_taxes_discounts_and_wishes(orders: Orders) -> None:
    taxed = line(2, 600).model_copy(
        update={
            "total": pounds(1000),
            "discount": pounds(200),
            "tax": pounds(167),
            "tax_rate": Decimal("0.2"),
        }
    )
    request = wanted(taxed).model_copy(
        update={
            "billing_address": ADDRESS,
            "shipping_method": "Express",
            "coupons": ["SPRING"],
            "note": "Ring twice",
        }
    )
    await orders.place(command_id=command(), request=request)
    found = await order(orders, request)
    assert bought(found) == [taxed]
    assert (found.discount, found.tax, found.refunded) == (pounds(200), pounds(167), pounds(0))
    assert (found.billing_address, found.shipping_method) == (ADDRESS, "Express")
    assert (found.coupons, found.note) == (["SPRING"], "Ring twice")


async def test_cancelling_what_was_never_placed_is_no_error(orders: Orders) -> None:
    await orders.cancel(command_id=command(), checkout_id=CheckoutId(new_id()), reason="test")


async def test_only_live_orders_count_as_bought(orders: Orders) -> None:
    customer, product = UserId(new_id()), ProductId(new_id())
    request = wanted(line(product=product), customer=customer)
    assert not await orders.bought(customer_id=customer, product_id=product)
    await orders.place(command_id=command(), request=request)
    assert await orders.bought(customer_id=customer, product_id=product)
    await orders.cancel(command_id=command(), checkout_id=request.checkout_id, reason="test")
    assert not await orders.bought(customer_id=customer, product_id=product)


async def test_a_customers_orders_come_newest_first_in_pages(orders: Orders) -> None:
    customer = UserId(new_id())
    for _ in range(3):
        await orders.place(command_id=command(), request=wanted(customer=customer))
    await orders.place(command_id=command(), request=wanted())
    first = await orders.of_customer(customer, PageRequest(limit=2))
    rest = await orders.of_customer(customer, PageRequest(limit=2, cursor=first.next_cursor))
    assert [item.number for item in first.items + rest.items] == [1003, 1002, 1001]
    assert rest.next_cursor is None


async def test_a_load_is_complete_and_repeatable(orders: Orders, settings: Settings) -> None:
    late, early = imported("B", days=1), imported("A")
    batch = ImportBatchId(new_id())
    back = [returned("R", early), returned("S")]

    async def load() -> int:
        return await orders.bulk_load([late, early], back, source="shop", import_batch_id=batch)

    assert await load() == 4
    assert await load() == 0
    first = await orders.order(early.id)
    second = await orders.order(late.id)
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1001, 1002)
    assert (first.status, first.placed_at, bought(first)) == ("paid", LONG_AGO, early.lines)
    assert first.total == pounds(2 * 599 + 300)
    for table, count in (("orders", 2), ("order_lines", 4), ("returns", 2), ("return_lines", 2)):
        assert rows(settings, f"SELECT count(*) FROM orders.{table}") == [(count,)]


async def test_loaded_rows_were_known_when_they_happened(
    orders: Orders, settings: Settings
) -> None:
    batch = ImportBatchId(new_id())
    await orders.bulk_load([imported("A")], [], source="shop", import_batch_id=batch)
    found = rows(
        settings,
        "SELECT DISTINCT occurred_at, known_at, import_batch_id, source FROM orders.order_lines",
    )
    assert found == [(LONG_AGO, LONG_AGO, batch, "shop")]
    types = rows(settings, "SELECT type, payload->>'rows' FROM backbone.outbox")
    assert types == [("orders.import_completed", "1")]


async def test_the_next_sale_counts_on_after_a_load(orders: Orders) -> None:
    batch = ImportBatchId(new_id())
    await orders.place(command_id=command(), request=wanted())
    loaded = [imported(str(at)) for at in range(5)]
    await orders.bulk_load(loaded, [], source="shop", import_batch_id=batch)
    assert (await orders.place(command_id=command(), request=wanted())).number == 1007

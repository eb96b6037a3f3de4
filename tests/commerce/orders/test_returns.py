"""Goods that come back: asked for, decided, received, inspected, paid back or exchanged."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from bodega.commerce.orders.errors import (
    ExchangeCostsMore,
    LineNamedTwice,
    LineNotFound,
    OrderNotFound,
    QuantityExceeded,
    RefundExceedsLine,
    ReturnNotFound,
    ReturnNotOpen,
    ReturnNotPossible,
    ReturnTooLate,
    VariantNotSold,
)
from bodega.contracts.aftersales import (
    InspectedLine,
    OperationView,
    RequestReturn,
    ReturnLine,
    ReturnView,
    SettleReturn,
    ShipOrder,
)
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import (
    CommandId,
    OperationId,
    OrderLineId,
    ReturnId,
    UserId,
    VariantId,
    new_id,
)
from bodega.kernel.page import PageRequest
from tests.commerce.orders.conftest import ACTOR, Desk, line_id
from tests.commerce.orders.doubles import MAIN, Killed
from tests.commerce.orders.goods import line, pounds
from tests.kit.goods import stocked


def command() -> CommandId:
    return CommandId(new_id())


async def sent(desk: Desk, *lines: OrderLine, **changes: Any) -> OrderView:
    order = await desk.sold(*lines, **changes)
    await desk.do("ship", order, ShipOrder())
    return await desk.again(order)


def asked(order: OrderView, quantity: int = 1, **changes: Any) -> RequestReturn:
    wish = ReturnLine(line_id=line_id(order), quantity=quantity, reason="too small", **changes)
    return RequestReturn(lines=[wish])


async def ask(
    desk: Desk, order: OrderView, request: RequestReturn, customer: UserId | None = None
) -> ReturnView:
    return await desk.after.request_return(
        command_id=command(), order_id=order.id, request=request, customer_id=customer
    )


async def decide(desk: Desk, found: ReturnView, *, approve: bool = True) -> ReturnView:
    return await desk.after.decide_return(
        command_id=command(), return_id=found.id, approve=approve, note="fine", actor=ACTOR
    )


async def receive(desk: Desk, found: ReturnView, **received: Any) -> ReturnView:
    return await desk.after.receive_return(
        command_id=command(), return_id=found.id, received=received.get("units", {}), actor=ACTOR
    )


async def settle(
    desk: Desk, found: ReturnView, *lines: InspectedLine, id: OperationId | None = None
) -> OperationView:
    return await desk.after.settle_return(
        id=id or OperationId(new_id()),
        return_id=found.id,
        request=SettleReturn(lines=list(lines)),
        actor=ACTOR,
    )


async def came_back(desk: Desk, order: OrderView, request: RequestReturn) -> ReturnView:
    found = await ask(desk, order, request)
    await decide(desk, found)
    return await receive(desk, found)


async def test_a_customer_sends_goods_back_and_gets_their_money(desk: Desk) -> None:
    customer = UserId(new_id())
    order = await sent(desk, line(3, 333), customer_id=customer)
    found = await ask(desk, order, asked(order, 2), customer)
    assert (found.number, found.status, found.order_number) == (1, "requested", order.number)
    assert (await decide(desk, found)).decision_note == "fine"
    assert (await receive(desk, found)).status == "received"
    done = await settle(desk, found, InspectedLine(line_id=line_id(order), restock=1, write_off=1))
    assert (done.state, done.reference) == ("done", found.id)
    after = await desk.again(order)
    assert (after.status, after.lines[0].returned, after.refunded) == (
        "partially_returned",
        2,
        pounds(666),
    )
    assert sum(desk.stock.on_hand.values()) == 1
    assert desk.payments.refunded() == 666
    closed = await desk.after.return_request(found.id)
    assert closed is not None
    assert (closed.status, closed.amount, closed.lines[0].written_off) == ("closed", pounds(666), 1)
    assert await desk.papers(order) == [("INV-000001", 0, 999), ("CRN-000001", 0, 666)]
    [history] = [e for e in await desk.orders.history(order.id) if e.kind == "return_requested"]
    assert history.actor == f"customer:{customer}"


async def test_everything_back_ends_the_order_to_the_penny(desk: Desk) -> None:
    order = await sent(desk, line(3, 333).model_copy(update={"total": pounds(1000)}))
    for _ in range(3):
        found = await came_back(desk, order, asked(order))
        await settle(desk, found, InspectedLine(line_id=line_id(order), restock=1))
    assert (await desk.again(order)).status == "returned"
    assert desk.payments.refunded() == 1000


async def test_what_came_back_is_booked_once_for_the_warehouse(desk: Desk) -> None:
    order = await sent(desk, line(2, 500))
    found = await came_back(desk, order, asked(order, 2))
    await settle(desk, found, InspectedLine(line_id=line_id(order), restock=2))
    with psycopg.connect(desk.context.settings.dsn) as connection:
        rows = connection.execute(
            """SELECT l.kind, l.quantity, l.total_amount, r.total_amount FROM orders.returns r
               JOIN orders.return_lines l ON l.return_id = r.id"""
        ).fetchall()
    assert rows == [("product", 2, 1000, 1000)]


async def test_returns_that_cannot_be_asked_for(desk: Desk) -> None:
    customer = UserId(new_id())
    order = await sent(desk, line(2), customer_id=customer)
    unsent = await desk.sold(line(1))
    wish = asked(order).lines[0]
    lost = RequestReturn(lines=[ReturnLine(line_id=OrderLineId(new_id()), quantity=1, reason="x")])
    cases: list[tuple[type[Exception], OrderView, RequestReturn]] = [
        (ReturnNotPossible, order, asked(order, 3)),
        (ReturnNotPossible, unsent, asked(unsent)),
        (LineNotFound, order, lost),
        (LineNamedTwice, order, RequestReturn(lines=[wish, wish])),
        (VariantNotSold, order, asked(order, 1, exchange_variant_id=VariantId(new_id()))),
    ]
    for error, which, request in cases:
        with pytest.raises(error):
            await ask(desk, which, request)
    with pytest.raises(OrderNotFound):
        await ask(desk, order, asked(order), UserId(new_id()))
    await ask(desk, order, asked(order, 2))
    with pytest.raises(ReturnNotPossible):
        await ask(desk, order, asked(order))


async def test_customers_have_their_time_and_staff_have_more(desk: Desk) -> None:
    customer = UserId(new_id())
    order = await sent(desk, line(2), customer_id=customer)
    desk.clock.at += timedelta(days=29)
    await ask(desk, order, asked(order), customer)
    desk.clock.at += timedelta(days=2)
    with pytest.raises(ReturnTooLate):
        await ask(desk, order, asked(order), customer)
    assert (await ask(desk, order, asked(order))).status == "requested"


async def test_stages_follow_one_another(desk: Desk) -> None:
    customer = UserId(new_id())
    order = await sent(desk, line(2), customer_id=customer)
    found = await ask(desk, order, asked(order), customer)
    inspected = InspectedLine(line_id=line_id(order), restock=1)
    with pytest.raises(ReturnNotOpen):
        await receive(desk, found)
    with pytest.raises(ReturnNotOpen):
        await settle(desk, found, inspected)
    await decide(desk, found, approve=False)
    with pytest.raises(ReturnNotOpen):
        await decide(desk, found)
    other = await ask(desk, order, asked(order, 2), customer)
    stranger = UserId(new_id())
    for who, error in ((stranger, ReturnNotFound), (customer, None), (customer, ReturnNotOpen)):
        command_id = command()
        withdrawing = desk.after.withdraw_return(
            command_id=command_id, return_id=other.id, customer_id=who
        )
        if error is None:
            assert (await withdrawing).status == "withdrawn"
        else:
            with pytest.raises(error):
                await withdrawing
    with pytest.raises(ReturnNotFound):
        await desk.after.decide_return(
            command_id=command(),
            return_id=ReturnId(new_id()),
            approve=True,
            note="",
            actor=ACTOR,
        )


async def test_every_received_unit_is_accounted_for(desk: Desk) -> None:
    order = await sent(desk, line(3, 100), line(1, 100))
    found = await ask(desk, order, asked(order, 2))
    await decide(desk, found)
    with pytest.raises(QuantityExceeded):
        await receive(desk, found, units={line_id(order): 3})
    with pytest.raises(QuantityExceeded):
        await receive(desk, found, units={line_id(order): 0})
    with pytest.raises(LineNotFound):
        await receive(desk, found, units={line_id(order, 1): 1})
    await receive(desk, found, units={line_id(order): 1})
    one = InspectedLine(line_id=line_id(order), restock=1)
    for error, lines in (
        (QuantityExceeded, [one.model_copy(update={"write_off": 1})]),
        (LineNotFound, [InspectedLine(line_id=line_id(order, 1), restock=1)]),
        (LineNamedTwice, [one, one]),
        (RefundExceedsLine, [one.model_copy(update={"amount": pounds(301)})]),
    ):
        with pytest.raises(error):
            await settle(desk, found, *lines)
    await settle(desk, found, one.model_copy(update={"amount": pounds(50)}))
    assert desk.payments.refunded() == 50


@pytest.mark.parametrize("call", ["refund", "restock"])
async def test_a_crash_while_settling_gives_back_once(desk: Desk, call: str) -> None:
    order = await sent(desk, line(2, 500))
    found = await came_back(desk, order, asked(order, 2))
    desk.weather.dead.add(call)
    with pytest.raises(Killed):
        await settle(desk, found, InspectedLine(line_id=line_id(order), restock=2))
    desk.clock.at += timedelta(minutes=10)
    await desk.after.resume()
    assert (await desk.again(order)).status == "returned"
    assert desk.payments.refunded() == 1000
    assert sum(desk.stock.on_hand.values()) == 2


async def test_goods_are_exchanged_for_others(desk: Desk) -> None:
    order = await sent(desk, line(2, 500))
    other = await stocked(desk.context_of_catalog, 0, price=pounds(400))
    desk.stock.on_hand[other, MAIN] += 2
    found = await came_back(desk, order, asked(order, 2, exchange_variant_id=other))
    await settle(desk, found, InspectedLine(line_id=line_id(order), restock=2))
    closed = await desk.after.return_request(found.id)
    assert closed is not None
    assert closed.exchange_order_id is not None
    assert closed.amount == pounds(200)
    new = await desk.orders.order(closed.exchange_order_id)
    assert new is not None
    assert (new.status, new.total, new.customer_id) == ("allocated", pounds(800), None)
    assert desk.payments.refunded() == 200
    assert (await desk.again(order)).status == "returned"
    await desk.do("ship", new, ShipOrder())
    again = await came_back(desk, new, asked(new, 2))
    await settle(desk, again, InspectedLine(line_id=line_id(new), restock=2))
    assert desk.payments.refunded() == 1000


async def test_an_exchange_that_costs_more_or_is_sold_out(desk: Desk) -> None:
    order = await sent(desk, line(2, 500))
    dear = await stocked(desk.context_of_catalog, 0, price=pounds(501))
    found = await came_back(desk, order, asked(order, 1, exchange_variant_id=dear))
    inspected = InspectedLine(line_id=line_id(order), restock=1)
    with pytest.raises(ExchangeCostsMore):
        await settle(desk, found, inspected)
    same = await stocked(desk.context_of_catalog, 0, price=pounds(500))
    found = await came_back(desk, order, asked(order, 1, exchange_variant_id=same))
    failed = await settle(desk, found, inspected)
    assert (failed.state, failed.failure_code) == ("failed", "out_of_stock")
    assert desk.payments.refunded() == 0
    still = await desk.after.return_request(found.id)
    assert still is not None
    assert still.status == "received"
    assert (await desk.again(order)).lines[0].returned == 0
    refunded = await desk.after.settle_return(
        id=OperationId(new_id()),
        return_id=found.id,
        request=SettleReturn(lines=[inspected], exchange=False),
        actor=ACTOR,
    )
    closed = await desk.after.return_request(found.id)
    assert closed is not None
    assert (refunded.state, closed.status, closed.amount) == ("done", "closed", pounds(500))
    assert (closed.exchange_order_id, desk.payments.refunded()) == (None, 500)


async def test_goods_that_never_come_stand_in_nobodys_way(desk: Desk) -> None:
    order = await sent(desk, line(1))
    found = await decide(desk, await ask(desk, order, asked(order)))
    with pytest.raises(ReturnNotOpen):
        await decide(desk, found)
    assert (await decide(desk, found, approve=False)).status == "declined"
    assert (await ask(desk, order, asked(order))).status == "requested"


async def test_returns_are_listed_by_status_in_pages(desk: Desk) -> None:
    order = await sent(desk, line(5))
    made = [await ask(desk, order, asked(order)) for _ in range(3)]
    await decide(desk, made[0])
    first = await desk.after.returns(PageRequest(limit=1), status="requested")
    rest = await desk.after.returns(
        PageRequest(limit=5, cursor=first.next_cursor), status="requested"
    )
    assert [item.number for item in first.items + rest.items] == [3, 2]
    assert [item.number for item in await desk.after.returns_of(order.id)] == [1, 2, 3]


async def test_the_history_says_who_of_the_staff_asked(desk: Desk) -> None:
    order = await sent(desk, line(1))
    await desk.after.request_return(
        command_id=command(),
        order_id=order.id,
        request=asked(order),
        customer_id=None,
        actor=ACTOR,
    )
    [entry] = [e for e in await desk.orders.history(order.id) if e.kind == "return_requested"]
    assert entry.actor == ACTOR

"""What was not sent of an order that was sent in part is cancelled."""

from typing import Any

import pytest

from bodega.commerce.orders.errors import (
    LineNamedTwice,
    LineNotFound,
    QuantityExceeded,
    RefundExceedsLine,
    RestAmountMissing,
    RestNotCancellable,
)
from bodega.contracts.aftersales import (
    CancelRest,
    InspectedLine,
    LineQuantity,
    RefundLine,
    RefundOrder,
    RestLine,
    ShipOrder,
)
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import OrderLineId, new_id
from tests.commerce.orders.conftest import Desk, line_id
from tests.commerce.orders.doubles import Killed
from tests.commerce.orders.goods import line, pounds
from tests.commerce.orders.test_changes import resumed, taxed
from tests.commerce.orders.test_returns import ask, asked, decide, receive, settle

REST = CancelRest(reason="never came")


async def partly_sent(desk: Desk, *lines: OrderLine, units: int = 2) -> OrderView:
    order = await desk.sold(*lines)
    first = LineQuantity(line_id=line_id(order), quantity=units)
    await desk.do("ship", order, ShipOrder(lines=[first]))
    found = await desk.again(order)
    assert found.status == "partially_fulfilled"
    return found


def units(order: OrderView, quantity: int, **more: Any) -> CancelRest:
    dropped = RestLine(line_id=line_id(order), quantity=quantity, **more)
    return CancelRest(lines=[dropped], reason="lost")


async def test_the_rest_is_let_go_and_paid_back_and_the_order_comes_to_its_end(desk: Desk) -> None:
    order = await partly_sent(desk, taxed(3, 333), taxed(1, 600))
    done = await desk.do("cancel_rest", order, REST)
    assert done.state == "done", done
    after = await desk.again(order)
    assert (after.status, after.refunded) == ("fulfilled", pounds(333 + 600))
    assert [(item.fulfilled, item.cancelled) for item in after.lines] == [(2, 1), (0, 1)]
    assert desk.payments.refunded() == 333 + 600
    assert not +desk.stock.promised
    assert (await desk.papers(order))[-1] == ("CRN-000001", 55 + 100, 933)
    assert (await desk.kinds(order))[-1] == "rest_cancelled"
    again = await desk.do("cancel_rest", order, REST, id=done.id)
    assert (again.state, desk.payments.refunded()) == ("done", 933)
    with pytest.raises(RestNotCancellable):
        await desk.do("cancel_rest", order, REST)


async def test_what_came_back_and_what_was_cancelled_sum_to_the_line(desk: Desk) -> None:
    order = await partly_sent(desk, taxed(3, 333).model_copy(update={"total": pounds(1000)}))
    wish = await receive(desk, await decide(desk, await ask(desk, order, asked(order))))
    await settle(desk, wish, InspectedLine(line_id=line_id(order), restock=1))
    await desk.do("cancel_rest", order, REST)
    assert (await desk.again(order)).status == "partially_returned"
    wish = await receive(desk, await decide(desk, await ask(desk, order, asked(order))))
    await settle(desk, wish, InspectedLine(line_id=line_id(order), restock=1))
    after = await desk.again(order)
    assert (after.status, after.refunded) == ("returned", order.total)
    taxes = [tax for _, tax, _ in await desk.papers(order)]
    assert taxes[0] == sum(taxes[1:])


async def test_units_are_cancelled_some_at_a_time_at_the_amount_that_staff_name(
    desk: Desk,
) -> None:
    order = await partly_sent(desk, line(4, 500))
    await desk.do("cancel_rest", order, units(order, 1, amount=pounds(0)))
    assert (await desk.again(order)).status == "partially_fulfilled"
    await desk.do("cancel_rest", order, units(order, 1, amount=pounds(700)))
    after = await desk.again(order)
    assert (after.status, after.refunded) == ("fulfilled", pounds(700))
    assert [total for _, _, total in await desk.papers(order)] == [2000, 700]


async def test_money_that_went_back_before_is_not_given_twice_by_guessing(desk: Desk) -> None:
    order = await partly_sent(desk, line(3, 500))
    early = RefundLine(line_id=line_id(order), amount=pounds(500))
    await desk.do("refund", order, RefundOrder(lines=[early], reason="one is missing"))
    with pytest.raises(RestAmountMissing):
        await desk.do("cancel_rest", order, REST)
    with pytest.raises(RefundExceedsLine, match=r"10\.00 GBP is left"):
        await desk.do("cancel_rest", order, units(order, 1, amount=pounds(1001)))
    await desk.do("cancel_rest", order, units(order, 1, amount=pounds(0)))
    after = await desk.again(order)
    assert (after.status, after.refunded) == ("fulfilled", pounds(500))


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([(None, 3)], QuantityExceeded),
        ([(None, 1), (None, 1)], LineNamedTwice),
        ([(OrderLineId(new_id()), 1)], LineNotFound),
    ],
    ids=["too many", "twice", "unknown"],
)
async def test_what_does_not_fit_is_refused(
    desk: Desk, lines: list[tuple[OrderLineId | None, int]], error: type[Exception]
) -> None:
    order = await partly_sent(desk, line(4, 500))
    named = [RestLine(line_id=id or line_id(order), quantity=units) for id, units in lines]
    with pytest.raises(error):
        await desk.do("cancel_rest", order, CancelRest(lines=named, reason="x"))


async def test_an_order_of_which_nothing_was_sent_has_no_rest(desk: Desk) -> None:
    with pytest.raises(RestNotCancellable):
        await desk.do("cancel_rest", await desk.sold(line(2)), REST)


async def test_no_more_can_be_sent_than_is_left(desk: Desk) -> None:
    order = await partly_sent(desk, line(4, 500))
    await desk.do("cancel_rest", order, units(order, 1))
    more = ShipOrder(lines=[LineQuantity(line_id=line_id(order), quantity=2)])
    with pytest.raises(QuantityExceeded):
        await desk.do("ship", order, more)
    await desk.do("ship", order, ShipOrder())
    assert (await desk.again(order)).status == "fulfilled"


@pytest.mark.parametrize("call", ["refund", "deallocate"])
async def test_a_process_that_dies_gives_back_once(desk: Desk, call: str) -> None:
    order = await partly_sent(desk, line(3, 500))
    desk.weather.dead.add(call)
    with pytest.raises(Killed):
        await desk.do("cancel_rest", order, REST)
    await resumed(desk)
    after = await desk.again(order)
    assert (after.status, after.refunded) == ("fulfilled", pounds(500))
    assert (desk.payments.refunded(), +desk.stock.promised) == (500, {})

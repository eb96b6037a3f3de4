"""A buyer is asked to pay what a change of the order costs more: how often, and how long."""

from datetime import timedelta
from typing import Any

import pytest

from bodega.commerce.orders.errors import OperationKeyReused, PaymentNotDue, ProviderNotHere
from bodega.contracts.aftersales import EditOrder, PayDifference, PaymentDue
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import CommandId, new_id
from tests.commerce.orders.conftest import Desk, line_id
from tests.commerce.orders.goods import line


async def dearer(desk: Desk) -> tuple[OrderView, PaymentDue]:
    """An order of which the buyer wants one more than they paid for."""
    order = await desk.sold(line(1))
    variant = order.lines[0].variant_id
    assert variant is not None

    desk.stock.on_hand[variant, next(iter(desk.stock.on_hand))[1]] += 1
    more = EditOrder(quantities={line_id(order): 2}, reason="one more", ask_buyer=True)
    begun = await desk.do("edit", order, more)
    assert (begun.state, begun.due) == ("running", order.total)
    due = await desk.after.payment_due(order.id)
    assert due is not None
    return order, due


async def test_the_order_waits_until_its_buyer_has_paid(desk: Desk) -> None:
    order, due = await dearer(desk)
    assert (due.amount, due.action_url) == (order.total, None)
    desk.clock.at += timedelta(hours=1)
    await desk.after.resume()
    assert (await desk.again(order)).total == order.total
    paid = await pays(desk, order, "pm_card_visa")
    assert paid.state == "done"
    assert (await desk.again(order)).total == order.total * 2
    assert await desk.after.payment_due(order.id) is None


async def test_a_buyer_who_does_not_pay_in_time_changes_nothing(desk: Desk) -> None:
    order, due = await dearer(desk)
    desk.clock.at = due.until
    await desk.after.resume()
    [ended] = await desk.after.operations(order.id)
    assert (ended.state, ended.failure_code) == ("failed", "payment_not_captured")
    assert (await desk.again(order)).total == order.total
    assert order.checkout_id is not None
    [promised] = await desk.stock.allocations(order.checkout_id)
    assert promised.quantity == 1


async def test_staff_need_not_wait(desk: Desk) -> None:
    order, due = await dearer(desk)
    ended = await desk.after.give_up(
        due.operation_id,
        command_id=CommandId(new_id()),
        reason="sold out",
        actor="staff:ada",
    )
    assert ended.state == "failed"
    assert (await desk.again(order)).total == order.total


async def pays(desk: Desk, order: OrderView, token: str, **more: Any) -> PaymentDue:
    command = more.pop("command", None) or CommandId(new_id())
    return await desk.after.pay_due(
        order.id, PayDifference(payment_token=token), command_id=command
    )


async def test_another_card_may_be_tried_after_one_that_was_declined(desk: Desk) -> None:
    order, due = await dearer(desk)
    assert due.tries_left == desk.context.settings.orders_pay_tries
    first = CommandId(new_id())
    for _ in range(2):  # the same request again is no other try
        refused = await pays(desk, order, "pm_declined", command=first)
        assert (refused.state, refused.tries_left) == ("running", due.tries_left - 1)
        assert refused.declined == "The provider says: generic_decline"
    with pytest.raises(ProviderNotHere):
        await pays(desk, order, "paypal:")
    with pytest.raises(OperationKeyReused):
        await pays(desk, order, "pm_card_visa", command=first)
    second = CommandId(new_id())
    paid = await pays(desk, order, "pm_card_visa", command=second)
    assert (paid.state, paid.declined, paid.failure_code) == ("done", None, None)
    assert (await pays(desk, order, "pm_card_visa", command=second)).state == "done"
    assert (await desk.again(order)).total == order.total * 2
    with pytest.raises(PaymentNotDue):
        await pays(desk, order, "pm_card_visa")


async def test_the_last_try_ends_the_change(desk: Desk) -> None:
    order, due = await dearer(desk)
    for left in reversed(range(1, due.tries_left)):
        assert (await pays(desk, order, "pm_declined")).tries_left == left
    last = await pays(desk, order, "pm_declined")
    assert (last.state, last.failure_code, last.tries_left) == ("failed", "payment_declined", 0)
    assert (await desk.again(order)).total == order.total


async def test_a_card_that_comes_too_late_is_not_charged(desk: Desk) -> None:
    order, due = await dearer(desk)
    await pays(desk, order, "pm_declined")
    desk.clock.at = due.until
    late = await pays(desk, order, "pm_card_visa")
    assert (late.state, late.failure_code) == ("failed", "payment_not_captured")
    assert [one.status for one in desk.payments.paid.values()] == ["captured", "declined"]


async def test_a_buyer_may_leave_the_order_as_it_is(desk: Desk) -> None:
    order, _ = await dearer(desk)
    await pays(desk, order, "pm_declined")
    command = CommandId(new_id())
    for _ in range(2):
        left = await desk.after.leave_due(order.id, command_id=command, actor="guest")
        assert (left.state, left.declined) == ("failed", None)
    assert (await desk.again(order)).total == order.total
    with pytest.raises(PaymentNotDue):
        await desk.after.leave_due(order.id, command_id=CommandId(new_id()), actor="guest")

"""A buyer pays what a change of the order costs more, with the bank's question in between."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.aftersales import EditOrder, PayDifference, PaymentDue
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import CommandId, new_id
from tests.commerce.orders.conftest import Desk, line_id
from tests.commerce.orders.goods import line
from tests.commerce.orders.test_currencies import bought
from tests.kit.doors import Doors, key
from tests.kit.goods import level, stocked
from tests.kit.provider import RunningProvider, running_provider


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
    paid = await desk.after.pay_due(order.id, PayDifference(payment_token="pm_card_visa"))
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


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(update={"payments_url": provider.url})


ASKS = "pm_card_authenticationRequired"


@pytest.mark.parametrize(("outcome", "total"), [("authorise", 4), ("fail", 3)])
async def test_the_bank_asks_and_the_customer_comes_back(
    doors: Doors, context: Context, outcome: str, total: int
) -> None:
    ada, staff = await doors.customer(), await doors.staff(await doors.admin())
    variant = await stocked(context, 4)
    order = await bought(context, ada, variant)
    goods = next(one for one in order["lines"] if one["kind"] == "product")
    edit = {"quantities": {goods["id"]: 4}, "reason": "one more", "ask_buyer": True}
    at, due_at = f"/api/v1/admin/orders/{order['id']}", f"/api/v1/orders/{order['id']}/payment-due"
    nothing = await ada.get(due_at)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "payment_not_due")
    begun = await staff.post(f"{at}/edits", json=edit, headers=key())
    assert (begun.status_code, begun.json()["due"]["amount"]) == (202, 599)
    assert (await (await doors.customer()).get(due_at)).status_code == 404
    pay = {"payment_token": ASKS, "return_url": "https://shop.test/back"}
    asked = await ada.post(due_at, json=pay, headers=key())
    assert asked.status_code == 202, asked.text
    async with httpx.AsyncClient() as bank:
        await bank.post(asked.json()["action_url"], data={"outcome": outcome})
    done = await ada.post(due_at, json=pay, headers=key())
    if outcome == "fail":
        assert (done.status_code, done.json()["code"]) == (402, "payment_declined")
    else:
        assert (done.status_code, done.json()["state"]) == (201, "done")
    after = (await ada.get(f"/api/v1/orders/{order['id']}")).json()
    assert after["lines"][0]["quantity"] == total
    assert (await level(context, variant)).available == 4 - total


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


async def test_a_declined_card_ends_the_change(desk: Desk) -> None:
    order, _ = await dearer(desk)
    paid = await desk.after.pay_due(order.id, PayDifference(payment_token="pm_declined"))
    assert (paid.state, paid.failure_code) == ("failed", "payment_declined")
    assert (await desk.again(order)).total == order.total

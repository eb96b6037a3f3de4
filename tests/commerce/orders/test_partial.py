"""Money that went back only in part: said so, tried again by staff, or given up and booked."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Response

from bodega.commerce.orders.errors import (
    OperationNotFound,
    OperationNotPartial,
    OrderBusy,
    RefundIncomplete,
)
from bodega.commerce.orders.routes.changes import Change
from bodega.commerce.orders.service.workflows import OrderWorkflows
from bodega.contracts.aftersales import (
    Addition,
    CancelOrder,
    EditOrder,
    OperationView,
    RefundLine,
    RefundOrder,
    ShipOrder,
)
from bodega.contracts.orders import OrderView
from bodega.contracts.payments import RefundView
from bodega.kernel.ids import CheckoutId, CommandId, OperationId, new_id
from tests.commerce.orders.conftest import ACTOR, Desk, line_id
from tests.commerce.orders.doubles import MAIN
from tests.commerce.orders.goods import line, pounds
from tests.kit.goods import stocked

CANCEL = CancelOrder(reason="changed their mind")


def command() -> CommandId:
    return CommandId(new_id())


async def paid_twice(desk: Desk) -> tuple[OrderView, CheckoutId]:
    """An order of 5.00, edited to cost 8.00: the further payment's name comes with it."""
    order = await desk.sold(line(1, 500))
    added = await stocked(desk.context_of_catalog, 0, price=pounds(300))
    desk.stock.on_hand[added, MAIN] += 5
    edit = EditOrder(
        additions=[Addition(variant_id=added, quantity=1)],
        payment_token="pm_card_visa",
        reason="one more",
    )
    await desk.do("edit", order, edit)
    [further] = [name for name in desk.payments.paid if name != order.checkout_id]
    return await desk.again(order), further


def everything(order: OrderView) -> RefundOrder:
    lines = [RefundLine(line_id=line_id(order, at), amount=order.lines[at].total) for at in (0, 1)]
    return RefundOrder(lines=lines, reason="spoilt")


async def stuck(desk: Desk, kind: str) -> tuple[OrderView, CheckoutId, OperationView]:
    order, further = await paid_twice(desk)
    desk.payments.refusing.add(further)
    request: dict[str, Any] = {"refund": everything(order), "cancel": CANCEL}
    done = await desk.do(kind, order, request[kind])
    return order, further, done


@pytest.mark.parametrize("kind", ["refund", "cancel"])
async def test_what_went_back_in_part_is_called_so_and_can_be_finished(
    desk: Desk, kind: str
) -> None:
    order, _, done = await stuck(desk, kind)
    assert (done.state, done.failure_code, done.ended_at) == ("partial", "refund_failed", None)
    assert done.failure_detail is not None
    assert done.failure_detail.startswith("5.00 GBP went back.")
    assert desk.payments.refunded() == 500
    nobody: Any = None
    with pytest.raises(RefundIncomplete):
        Change(claim=nobody, after=nobody, response=Response()).answer(done)
    with pytest.raises(OrderBusy):
        await desk.do("ship", order, ShipOrder())
    still = await desk.after.retry(done.id, command_id=command(), actor=ACTOR)
    assert still.state == "partial"
    desk.payments.refusing.clear()
    again = command()
    for _ in range(2):
        ended = await desk.after.retry(done.id, command_id=again, actor=ACTOR)
        assert (ended.state, ended.failure_code) == ("done", None)
    assert desk.payments.refunded() == 800
    after = await desk.again(order)
    assert after.refunded == pounds(800)
    assert after.status == ("cancelled" if kind == "cancel" else "allocated")
    assert sum(total for name, _, total in await desk.papers(order) if "CRN" in name) == 800
    assert (await desk.papers(order))[-1][0] == "CRN-000001"
    with pytest.raises(OperationNotPartial):
        await desk.after.retry(done.id, command_id=command(), actor=ACTOR)


@pytest.mark.parametrize("kind", ["refund", "cancel"])
async def test_what_is_given_up_books_what_went_back(desk: Desk, kind: str) -> None:
    order, _, done = await stuck(desk, kind)
    ended = await desk.after.give_up(done.id, command_id=command(), reason="by bank", actor=ACTOR)
    assert ended.state == "failed"
    assert ended.failure_detail is not None
    assert ended.failure_detail.endswith(f"Given up by {ACTOR}: by bank")
    after = await desk.again(order)
    assert (after.refunded, after.status) == (pounds(500), "allocated")
    assert (await desk.papers(order))[-1] == ("CRN-000001", 0, 500)
    assert [kind for kind in await desk.kinds(order) if kind == "refunded"] == ["refunded"]
    desk.payments.refusing.clear()
    await desk.do("cancel", order, CANCEL)
    assert desk.payments.refunded() == 800
    assert (await desk.papers(order))[-1] == ("CRN-000002", 0, 300)


async def test_nothing_went_back_is_no_part(desk: Desk) -> None:
    order, _ = await paid_twice(desk)
    desk.payments.refuses = True
    done = await desk.do("refund", order, everything(order))
    assert (done.state, done.failure_code) == ("failed", "refund_failed")
    for reopen in (
        desk.after.retry(done.id, command_id=command(), actor=ACTOR),
        desk.after.give_up(done.id, command_id=command(), reason="x", actor=ACTOR),
    ):
        with pytest.raises(OperationNotPartial):
            await reopen
    with pytest.raises(OperationNotFound):
        await desk.after.retry(OperationId(new_id()), command_id=command(), actor=ACTOR)


Decide = Callable[[OrderWorkflows, str], Any]


@pytest.mark.parametrize(
    ("decide", "state"),
    [(OrderWorkflows.retry, "done"), (OrderWorkflows.cancel, "failed")],
    ids=["retry", "cancel"],
)
async def test_operators_see_and_decide_it_among_the_workflows(
    desk: Desk, decide: Decide, state: str
) -> None:
    _, _, done = await stuck(desk, "refund")
    workflows = OrderWorkflows(desk.context)
    [open_one] = await workflows.latest(limit=5, open_only=True)
    assert (open_one.state, open_one.trouble) == ("waiting", done.failure_detail)
    desk.payments.refusing.clear()
    assert await decide(workflows, str(done.id))
    assert await desk.after.resume() == 1
    ended = await desk.after.operation(done.id)
    assert ended is not None
    assert ended.state == state
    assert not await decide(workflows, str(done.id))


async def test_a_crash_while_giving_up_books_once(desk: Desk) -> None:
    order, _, done = await stuck(desk, "refund")
    workflows = OrderWorkflows(desk.context)
    assert await workflows.cancel(str(done.id))
    await desk.after.resume()
    await desk.after.resume()
    assert (await desk.again(order)).refunded == pounds(500)


def given(desk: Desk) -> list[RefundView]:
    return list(desk.payments.given.values())


async def test_the_caller_hears_what_happened(desk: Desk) -> None:
    """Refunds carry the operation they belong to, so that what went back can be told."""
    _, _, done = await stuck(desk, "refund")
    assert {refund.operation_id for refund in given(desk)} == {done.id}
    assert [refund.status for refund in given(desk)] == ["succeeded", "failed"]

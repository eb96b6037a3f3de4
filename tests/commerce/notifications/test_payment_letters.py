"""A buyer who is asked to pay for a change hears of it once, and once more if they do not."""

from datetime import timedelta
from typing import Any

import pytest

from bodega.backbone.module import Context
from bodega.commerce.notifications.domain import due_verdict
from bodega.commerce.notifications.handlers import HANDLERS
from bodega.contracts.aftersales import AfterSales, EditOrder, PaymentAsked, PaymentDue
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CommandId, OperationId, UserId, new_id
from tests.commerce.notifications.test_handlers import (
    Order,
    mails,
    mug,
    order,
    send_due,
    settings,
)
from tests.commerce.people import put_in_stock, react

__all__ = ["mug", "order", "settings"]
DAY = timedelta(hours=24)


async def ask(context: Context, order: Order, **who: Any) -> PaymentDue:
    """Its buyer wants another mug."""
    await order.placed(times=0, **who)
    await order.set_status("paid")
    await put_in_stock(context, order.mug["variants"][0]["id"], 9)
    found = await context.container.get(Orders).order(order.id)
    assert found is not None
    [line] = [one.id for one in found.lines if one.id is not None]
    edit = EditOrder(
        quantities={line: found.lines[0].quantity + 1}, reason="one more", ask_buyer=True
    )
    after = context.container.get(AfterSales)
    done = await after.edit(
        id=OperationId(new_id()), order_id=order.id, request=edit, actor="staff:ada"
    )
    assert done.state == "running", done
    due = await after.payment_due(order.id)
    assert due is not None
    for _ in range(2):
        event = PaymentAsked(
            order_id=order.id, operation_id=done.id, amount=due.amount, until=due.until
        )
        await react(context, HANDLERS, event)
    return due


async def test_the_letter_leads_to_where_it_is_paid_and_a_reminder_follows(
    context: Context, order: Order
) -> None:
    due = await ask(context, order)
    for _ in range(2):
        await send_due(context)
    [mail] = mails(context)
    assert mail["Subject"].startswith("To pay for your order")
    said = mail.get_content()
    assert "£5.99 more" in said
    assert f"{due.until:%Y-%m-%d %H:%M} UTC" in said
    assert "/orders/open?pass=" in said
    await send_due(context, later=DAY)
    _, reminder = sorted(mails(context), key=lambda one: "reminder" in one.get_content())
    assert "Still to pay" in reminder["Subject"]
    await send_due(context, later=2 * DAY)
    assert len(mails(context)) == 2


async def test_a_customer_is_led_to_their_account_and_not_reminded_of_what_is_over(
    context: Context, order: Order
) -> None:
    due = await ask(context, order, customer_id=UserId(new_id()))
    await send_due(context)
    [mail] = mails(context)
    assert f"/account/orders/{order.id}" in mail.get_content()
    await context.container.get(AfterSales).give_up(
        due.operation_id, command_id=CommandId(new_id()), reason="sold out", actor="staff:ada"
    )
    await send_due(context, later=DAY)
    assert len(mails(context)) == 1


@pytest.mark.parametrize(
    ("changes", "first", "reminder"),
    [
        ({}, "send", "send"),
        ({"charging": True}, "wait", "wait"),
        ({"charging": True, "action_url": "https://bank.example"}, "wait", "send"),
        ({"operation_id": new_id()}, "drop", "drop"),
    ],
    ids=["due", "being charged", "at the bank", "another change"],
)
def test_when_a_letter_is_sent(changes: dict[str, Any], first: str, reminder: str) -> None:
    due = PaymentDue.model_validate(
        {
            "operation_id": OperationId(new_id()),
            "kind": "edit",
            "state": "running",
            "amount": {"amount": 599, "currency": "GBP"},
            "action_url": None,
            "until": "2026-01-02T00:00:00Z",
        }
    )
    changed = due.model_copy(update=changes)
    assert due_verdict(changed, due.operation_id, reminds=False) == first
    assert due_verdict(changed, due.operation_id, reminds=True) == reminder
    assert due_verdict(None, due.operation_id, reminds=True) == "drop"

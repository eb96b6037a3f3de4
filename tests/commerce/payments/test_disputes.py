"""Disputes: opened and closed as told, deadlines sound in time, money is booked once."""

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.domain.disputes import alarm
from bodega.commerce.payments.service import books, disputes, webhooks
from bodega.contracts.books import Books, DisputeView
from bodega.kernel.page import PageRequest
from tests.commerce.payments import stripe_events as stripe
from tests.commerce.payments.stripe_events import send
from tests.commerce.payments.test_webhooks import AMOUNT, a_payment
from tests.kit.doors import Doors

DUE = datetime(2026, 3, 20, tzinfo=UTC)


async def told(client: httpx.AsyncClient, context: Context, *events: stripe.Event) -> None:
    for event in events:
        await send(client, event)
    await webhooks.handle_due(context)


async def the_dispute(context: Context) -> DisputeView:
    [found] = (await context.container.get(Books).disputes(PageRequest())).items
    return found


def emitted(settings: Settings) -> list[str]:
    with psycopg.connect(settings.dsn) as connection:
        rows = connection.execute(
            "SELECT type FROM backbone.outbox WHERE type LIKE '%dispute%' ORDER BY id"
        )
        return [row[0] for row in rows]


async def accounts(context: Context) -> dict[str, int]:
    return {item.account: item.balance for item in await context.container.get(Books).balances()}


async def test_a_lost_dispute_costs_the_sale_and_the_fee(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    payment = await a_payment(context)
    took = (-AMOUNT.amount,)
    opened = stripe.event("charge.dispute.created", stripe.dispute(payment, "needs_response"))
    taken = stripe.event(
        "charge.dispute.funds_withdrawn",
        stripe.dispute(payment, "needs_response", moved=took),
        at=1,
    )
    lost = stripe.event("charge.dispute.closed", stripe.dispute(payment, "lost", moved=took), at=2)
    await told(client, context, opened)
    found = await the_dispute(context)
    assert (found.payment_id, found.status, found.reason) == (
        payment.id, "needs_response", "fraudulent"
    )  # fmt: skip
    await told(client, context, taken, lost)
    assert (await the_dispute(context)).status == "lost"
    assert emitted(settings) == ["payments.dispute_opened", "payments.dispute_closed"]
    assert await accounts(context) == {
        "chargebacks": 5000, "fees": 1500, "provider_clearing": -1500, "receivable": -5000
    }  # fmt: skip


async def test_an_inquiry_that_ends_well_moves_no_money(
    client: httpx.AsyncClient, context: Context
) -> None:
    payment = await a_payment(context)
    asked = stripe.event(
        "charge.dispute.created", stripe.dispute(payment, "warning_needs_response")
    )
    await told(client, context, asked)
    assert (await the_dispute(context)).inquiry
    ended = stripe.event("charge.dispute.closed", stripe.dispute(payment, "warning_closed"), at=9)
    await told(client, context, ended)
    assert (await the_dispute(context)).status == "closed"
    assert (await accounts(context))["provider_clearing"] == 5000


async def test_the_end_may_come_before_the_beginning(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    payment = await a_payment(context)
    moved = (-AMOUNT.amount, AMOUNT.amount)
    await told(
        client, context,
        stripe.event("charge.dispute.closed", stripe.dispute(payment, "won", moved=moved), at=9),
    )  # fmt: skip
    await told(
        client, context,
        stripe.event("charge.dispute.created", stripe.dispute(payment, "needs_response")),
    )  # fmt: skip
    assert (await the_dispute(context)).status == "won"
    assert emitted(settings) == ["payments.dispute_opened", "payments.dispute_closed"]
    assert (await accounts(context))["chargebacks"] == 0


@pytest.mark.parametrize(
    ("changes", "kind", "seen"),
    [
        ({"amount": 5001}, "amount", "50.01 GBP"),
        ({"currency": "eur"}, "currency", "EUR"),
        ({"metadata": {}, "payment_intent": "pi_else"}, "unknown_payment", "dispute of 50.00 GBP"),
    ],
    ids=["amount", "currency", "unknown"],
)
async def test_a_dispute_that_does_not_fit_its_payment_is_a_conflict(
    client: httpx.AsyncClient, context: Context, changes: stripe.Event, kind: str, seen: str
) -> None:
    payment = await a_payment(context)
    for at, status in enumerate(("needs_response", "lost")):
        subject = {**stripe.dispute(payment, status), **changes}
        kinds = "charge.dispute.closed" if at else "charge.dispute.created"
        await told(client, context, stripe.event(kinds, subject, at=at))
    [conflict] = (await context.container.get(Books).conflicts(PageRequest())).items
    assert (conflict.kind, conflict.seen) == (kind, seen)
    assert (await the_dispute(context)).status == "lost"


@pytest.mark.parametrize(
    ("days", "last", "expected"),
    [(8, None, None), (7, None, 7), (6.5, 7, None), (3, 7, 3), (2, None, 3), (1, 3, 1),
     (0.5, 1, None), (0, 1, 0), (-3, 0, None)],
)  # fmt: skip
def test_an_alarm_sounds_a_week_three_days_and_a_day_before_and_when_it_is_late(
    days: float, last: int | None, expected: int | None
) -> None:
    assert alarm(DUE, DUE - timedelta(days=days), last) == expected


async def test_each_deadline_is_alarmed_once_and_counted(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    payment = await a_payment(context)
    now = context.clock.now()
    due = int((now + timedelta(days=2)).timestamp())
    await told(
        client, context,
        stripe.event("charge.dispute.created", stripe.dispute(payment, "needs_response", due=due)),
    )  # fmt: skip
    for moment in (now, now, now + timedelta(days=1.5), now + timedelta(days=3)):
        async with context.database.work() as uow:
            await disputes.sound_alarms(uow, moment)
    near = [name for name in emitted(settings) if name == "payments.dispute_deadline_near"]
    assert len(near) == 3
    await books.measure(context)
    assert books.DISPUTES_DUE._value.get() == 1
    assert books.DISPUTES_OPEN._value.get() == 1


async def test_staff_list_disputes_by_status(
    client: httpx.AsyncClient, context: Context, doors: Doors
) -> None:
    payment = await a_payment(context)
    await told(
        client, context,
        stripe.event("charge.dispute.created", stripe.dispute(payment, "needs_response")),
    )  # fmt: skip
    staff = await doors.staff(await doors.admin())
    listed = await staff.get("/api/v1/admin/disputes", params={"status": "needs_response"})
    assert [item["payment_id"] for item in listed.json()["items"]] == [str(payment.id)]
    none = await staff.get("/api/v1/admin/disputes", params={"status": "won"})
    assert none.json()["items"] == []

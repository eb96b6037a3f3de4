"""Alerts to the staff: once each, one mail a kind, tried again, without personal data."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.notifications.domain import MAX_ATTEMPTS
from bodega.commerce.notifications.handlers import HANDLERS
from bodega.commerce.payments.domain.webhooks import DisputeFact
from bodega.commerce.payments.jobs import watch
from bodega.commerce.payments.service import disputes
from bodega.contracts.books import (
    DisputeClosed,
    DisputeDeadlineNear,
    DisputeOpened,
    PaymentConflictFound,
)
from bodega.contracts.inventory import Inventory, StockLow, StockMismatch
from bodega.kernel.clock import FixedClock
from bodega.kernel.events import Event
from bodega.kernel.ids import CommandId, DisputeId, PaymentId, VariantId
from bodega.kernel.money import Money
from tests.commerce.notifications.test_handlers import mails, send_due, with_mail
from tests.commerce.people import react
from tests.kit.goods import stocked

DUE = datetime(2026, 12, 24, 23, 59, tzinfo=UTC)
DISPUTE, PAYMENT, CONFLICT = DisputeId(uuid4()), PaymentId(uuid4()), uuid4()
MONEY = Money(amount=1999, currency="EUR")
EVENTS: list[tuple[Event, str, str]] = [
    (
        DisputeOpened(
            dispute_id=DISPUTE, payment_id=PAYMENT, checkout_id=None, amount=MONEY,
            reason="fraudulent", due_at=DUE,
        ),
        "A payment is disputed",
        "over 19.99 EUR: fraudulent; evidence is due by 2026-12-24 23:59 UTC",
    ),
    (
        DisputeDeadlineNear(dispute_id=DISPUTE, days=3, due_at=DUE),
        "Evidence for a dispute is due",
        "within 3 days, by 2026-12-24 23:59 UTC",
    ),
    (
        DisputeDeadlineNear(dispute_id=DISPUTE, days=0, due_at=DUE),
        "Evidence for a dispute is due",
        "overdue since 2026-12-24 23:59 UTC",
    ),
    (
        DisputeClosed(dispute_id=DISPUTE, payment_id=PAYMENT, status="lost"),
        "A dispute has ended",
        f"Dispute {DISPUTE}: lost",
    ),
    (
        PaymentConflictFound(conflict_id=CONFLICT, kind="refund", payment_id=PAYMENT),
        "The payment provider and we disagree",
        f"Conflict {CONFLICT} of payment {PAYMENT}: refund",
    ),
    (
        StockMismatch(variant_id=VariantId(UUID(int=7)), location="main"),
        "A stock level differs from its ledger",
        f"Variant {UUID(int=7)} at main",
    ),
]  # fmt: skip


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a mail folder of this test's own, and a mailbox of the staff."""
    mailbox = {"data_dir": tmp_path, "shop_staff_email": "desk@shop.test"}
    return settings.model_copy(update=mailbox)


async def told(context: Context, *events: Event) -> list[EmailMessage]:
    for event in events:
        await react(context, HANDLERS, event)
    await send_due(context)
    return mails(context)


@pytest.mark.parametrize(
    ("event", "subject", "line"),
    EVENTS,
    ids=["opened", "near", "late", "closed", "conflict", "ledger"],
)
async def test_staff_hear_once_of_what_needs_them(
    context: Context, event: Event, subject: str, line: str
) -> None:
    again = [event, event] if not isinstance(event, StockMismatch) else [event]
    [mail] = await told(context, *again)
    assert (mail["To"], subject in mail["Subject"]) == ("desk@shop.test", True)
    assert line in mail.get_content()
    assert "/console/" in mail.get_content()
    await send_due(context)
    assert len(mails(context)) == 1


async def test_low_stock_is_told_by_the_name_staff_know(context: Context) -> None:
    """Over inventory's own event: units fall to the reorder point of their shelf."""
    variant = await stocked(context, 9)
    stock = context.container.get(Inventory)
    async with context.database.work() as uow:
        await uow.connection.execute(text("UPDATE inventory.levels SET reorder_point = 5"))
    await stock.receive(
        command_id=CommandId(uuid4()), variant_id=variant, quantity=-4, reason="damaged"
    )
    [event] = await emitted(context, StockLow)
    [mail] = await told(context, event)
    assert "5 left, reorder point 5" in mail.get_content()
    assert str(variant) not in mail.get_content()


async def emitted(context: Context, kind: type[Event]) -> Sequence[Event]:
    async with context.database.reading() as connection:
        rows = await connection.execute(
            text("SELECT payload FROM backbone.outbox WHERE type = :type"), {"type": kind.type}
        )
        return [kind.model_validate(row.payload) for row in rows]


async def test_many_of_a_kind_are_one_mail(context: Context) -> None:
    events = [
        PaymentConflictFound(conflict_id=uuid4(), kind="amount", payment_id=None) for _ in range(7)
    ]
    [mail] = await told(context, *events)
    assert "(7)" in mail["Subject"]
    assert mail.get_content().count("Conflict ") == 7


async def test_without_a_mailbox_the_admin_hears(context: Context) -> None:
    own = context.settings.model_copy(update={"shop_staff_email": ""})
    [mail] = await told(replace(context, settings=own), EVENTS[0][0])
    assert mail["To"] == own.admin_email


async def test_an_alert_is_tried_again_and_given_up(context: Context, unused_tcp_port: int) -> None:
    context = with_mail(context, unused_tcp_port)
    await told(context, EVENTS[0][0])
    for hour in range(1, MAX_ATTEMPTS + 2):
        await send_due(context, later=timedelta(hours=hour))
    async with context.database.reading() as connection:
        query = text("SELECT status, attempts, failure FROM notifications.alerts")
        ended = tuple((await connection.execute(query)).one())
    assert ended == ("failed", MAX_ATTEMPTS, "SMTPConnectError")


async def test_deadlines_of_a_real_dispute_alarm_by_mail(context: Context) -> None:
    """From the provider's word over the sweep to the mailbox: 7, 3, 1 days before, and too late."""
    opened = context.clock.now()
    due = opened + timedelta(days=10)
    fact = DisputeFact("dp_1", MONEY, "fraudulent", "needs_response", False, opened, due)
    async with context.database.work() as uow:
        await disputes.note(uow, fact, provider="stripe", payment=None, stated=(opened, 0))
    for days in (1, 4, 5, 8, 9.5, 11, 12):
        await watch(replace(context, clock=FixedClock(opened + timedelta(days=days))))
    alarms = await emitted(context, DisputeDeadlineNear)
    assert [getattr(alarm, "days", None) for alarm in alarms] == [7, 3, 1, 0]
    [mail] = [
        mail for mail in await told(context, *alarms) if "Evidence for a dispute" in mail["Subject"]
    ]
    assert mail.get_content().count("evidence is") == 4

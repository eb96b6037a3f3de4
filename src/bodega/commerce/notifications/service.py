"""Use cases of notifications."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any, Literal

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.notifications import repository
from bodega.commerce.notifications.adapters.mail import Mailer
from bodega.commerce.notifications.domain import (
    MAX_ATTEMPTS,
    ORDER_CONFIRMATION,
    PAYMENT_ASKED,
    PAYMENT_REMINDER,
    alert,
    backoff,
    due_verdict,
    order_confirmation,
    payment_letter,
    verdict,
)
from bodega.commerce.notifications.errors import MailUndelivered
from bodega.commerce.notifications.repository import Due, DueAlert
from bodega.contracts.aftersales import AfterSales
from bodega.contracts.notifications import NotificationView
from bodega.contracts.orders import Orders, OrderView
from bodega.kernel.ids import OperationId, OrderId, new_id

log = get_logger(__name__)
Letter = Callable[[], EmailMessage]
WAITS = {
    ORDER_CONFIRMATION: timedelta(seconds=5),
    PAYMENT_ASKED: timedelta(minutes=1),
    PAYMENT_REMINDER: timedelta(minutes=1),
}
IN_ONE_MAIL = 100


async def queue_confirmation(uow: UnitOfWork, *, order_id: OrderId) -> None:
    """One order confirmation, however often the event comes."""
    repository.queue(
        uow.connection, fresh_id=new_id(), order_id=order_id, template=ORDER_CONFIRMATION
    )


async def queue_payment_letters(
    uow: UnitOfWork, *, order_id: OrderId, operation_id: OperationId, remind_at: datetime | None
) -> None:
    """Once for each change that is to be paid for, however often the event comes."""
    letters = {PAYMENT_ASKED: None} | ({PAYMENT_REMINDER: remind_at} if remind_at else {})
    for template, due_at in letters.items():
        repository.queue(
            uow.connection,
            fresh_id=new_id(),
            order_id=order_id,
            template=template,
            reference=operation_id,
            due_at=due_at,
        )


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom a message is written from, at the moment it is sent."""

    orders: Orders
    after: AfterSales
    settings: Settings


async def send_next(uow: UnitOfWork, *, sources: Sources, mailer: Mailer, now: datetime) -> int:
    """Send the messages that wait longest, as many as the mailer takes at once; how many.

    Their rows stay locked until the outcomes are written, so no other worker sends them too.
    """
    found = await repository.lock_due(uow.connection, now, limit=mailer.at_once)
    for due in found:
        judged = await _written(due, sources)
        if judged == "wait":
            repository.postpone(uow.connection, due, until=now + WAITS[due.template], failure=None)
        elif judged == "drop":
            repository.drop(uow.connection, due)
        else:
            await _send(uow, due, mailer, judged, now)
    return len(found)


async def _written(due: Due, sources: Sources) -> Literal["wait", "drop"] | Letter:
    """The message as it is to be sent now."""
    order = await sources.orders.order(due.order_id)
    judged = verdict(order)
    if order is None or judged == "drop":
        return "drop"
    if due.template == ORDER_CONFIRMATION:
        if judged == "wait":
            return "wait"
        return partial(order_confirmation, order, **await _about(due, order, sources))
    reminds = due.template == PAYMENT_REMINDER
    asked = await sources.after.payment_due(order.id)
    judged = due_verdict(asked, due.reference, reminds=reminds)
    if asked is None or judged != "send":
        return "wait" if judged == "wait" else "drop"
    about = await _about(due, order, sources)
    return partial(payment_letter, order, asked, reminds=reminds, **about)


async def _about(due: Due, order: OrderView, sources: Sources) -> dict[str, Any]:
    return {
        "message_id": due.id,
        "shop": sources.settings.shop_name,
        "sender": sources.settings.mail_from,
        "link": await _link(order, sources),
        "locale": sources.settings.locale,
    }


async def _link(order: OrderView, sources: Sources) -> str:
    """Where its buyer follows the order, pays for changes, sends goods back and finds papers."""
    shop = sources.settings.public_url
    if order.customer_id is not None:
        return f"{shop}/account/orders/{order.id}"
    opens = await sources.orders.issue_pass(order.id)
    return f"{shop}/orders/open?pass={opens.token}"


async def _send(uow: UnitOfWork, due: Due, mailer: Mailer, write: Letter, now: datetime) -> None:
    try:
        await mailer.send(write())
    except ValueError:
        repository.mark_failed(uow.connection, due, "address_unusable")
    except MailUndelivered as error:
        await _try_later(uow, due, error.detail, now)
    else:
        repository.mark_sent(uow.connection, due, now)


async def _try_later(uow: UnitOfWork, due: Due, failure: str, now: datetime) -> None:
    attempts = due.attempts + 1
    log.warning("mail_undelivered", message_id=str(due.id), attempts=attempts, error=failure)
    if attempts >= MAX_ATTEMPTS:
        repository.mark_failed(uow.connection, due, failure[:80])
        return
    until = now + backoff(attempts)
    repository.postpone(uow.connection, due, until=until, failure=failure[:80])


async def queue_alert(uow: UnitOfWork, *, kind: str, key: str, line: str) -> None:
    """One alert to the staff, however often the event comes. Without personal data."""
    await repository.queue_alert(
        uow.connection, fresh_id=new_id(), key=f"{kind}:{key}", kind=kind, line=line
    )


async def send_alerts(
    uow: UnitOfWork, *, mailer: Mailer, settings: Settings, now: datetime
) -> bool:
    """All due alerts of one kind in one mail; False when none is due."""
    due = await repository.lock_due_alerts(uow.connection, now, limit=IN_ONE_MAIL)
    if due is None:
        return False
    kind, found = due
    try:
        await mailer.send(
            alert(
                kind,
                [one.line for one in found],
                message_id=found[0].id,
                shop=settings.shop_name,
                sender=settings.mail_from,
                staff=settings.shop_staff_email or settings.admin_email,
            )
        )
    except (ValueError, MailUndelivered) as error:
        await _alert_later(uow, found, error, now)
    else:
        await repository.end_alerts(uow.connection, found, sent_at=now)
    return True


async def _alert_later(
    uow: UnitOfWork, found: list[DueAlert], error: Exception, now: datetime
) -> None:
    failure = "address_unusable" if isinstance(error, ValueError) else str(error)[:80]
    log.warning("alert_undelivered", alerts=len(found), error=failure)
    for one in found:
        tries = one.attempts + 1
        lost = tries >= MAX_ATTEMPTS or isinstance(error, ValueError)
        until = None if lost else now + backoff(tries)
        await repository.postpone_alert(uow.connection, one, until=until, failure=failure)


class NotificationService:
    """Answers `bodega.contracts.notifications.Notifications`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def of_order(self, order_id: OrderId) -> list[NotificationView]:
        async with self._database.reading() as connection:
            return await repository.of_order(connection, order_id)

"""Use cases of notifications."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.notifications import repository
from bodega.commerce.notifications.adapters.mail import Mailer
from bodega.commerce.notifications.domain import (
    MAX_ATTEMPTS,
    ORDER_CONFIRMATION,
    alert,
    backoff,
    order_confirmation,
    verdict,
)
from bodega.commerce.notifications.errors import MailUndelivered
from bodega.commerce.notifications.repository import Due, DueAlert
from bodega.contracts.notifications import NotificationView
from bodega.contracts.orders import Orders, OrderView
from bodega.kernel.ids import OrderId, new_id

log = get_logger(__name__)
UNPAID_WAIT = timedelta(seconds=5)
IN_ONE_MAIL = 100


async def queue_confirmation(uow: UnitOfWork, *, order_id: OrderId) -> None:
    """One order confirmation, however often the event comes."""
    repository.queue(
        uow.connection, fresh_id=new_id(), order_id=order_id, template=ORDER_CONFIRMATION
    )


async def send_next(
    uow: UnitOfWork, *, orders: Orders, mailer: Mailer, settings: Settings, now: datetime
) -> int:
    """Send the messages that wait longest, as many as the mailer takes at once; how many.

    Their rows stay locked until the outcomes are written, so no other worker sends them too.
    """
    found = await repository.lock_due(uow.connection, now, limit=mailer.at_once)
    for due in found:
        await _send_one(uow, due, orders=orders, mailer=mailer, settings=settings, now=now)
    return len(found)


async def _send_one(
    uow: UnitOfWork,
    due: Due,
    *,
    orders: Orders,
    mailer: Mailer,
    settings: Settings,
    now: datetime,
) -> None:
    order = await orders.order(due.order_id)
    judged = verdict(order)
    if judged == "wait":
        repository.postpone(uow.connection, due, until=now + UNPAID_WAIT, failure=None)
    elif judged == "drop" or order is None:
        repository.mark_failed(uow.connection, due, "nothing_to_send")
    else:
        write = partial(
            order_confirmation,
            order,
            message_id=due.id,
            shop=settings.shop_name,
            sender=settings.mail_from,
            link=await _link(orders, order, settings),
        )
        await _send(uow, due, mailer, write, now)


async def _link(orders: Orders, order: OrderView, settings: Settings) -> str:
    """Where its buyer follows the order, sends goods back and finds the invoice."""
    if order.customer_id is not None:
        return f"{settings.public_url}/account/orders/{order.id}"
    opens = await orders.issue_pass(order.id)
    return f"{settings.public_url}/orders/open?pass={opens.token}"


async def _send(
    uow: UnitOfWork, due: Due, mailer: Mailer, write: Callable[[], EmailMessage], now: datetime
) -> None:
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

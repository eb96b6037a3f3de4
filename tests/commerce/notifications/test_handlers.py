"""From a placed order to one mail."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.notifications.adapters.mail import FolderMailer
from bodega.commerce.notifications.domain import MAX_ATTEMPTS
from bodega.commerce.notifications.errors import MailUndelivered
from bodega.commerce.notifications.handlers import HANDLERS
from bodega.commerce.notifications.jobs import JOBS
from bodega.contracts.orders import OrderPaid, Orders
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CheckoutId, CommandId, OrderId
from bodega.kernel.money import Money
from tests.commerce.notifications.post_office import post_office
from tests.commerce.people import customer, place_order, product, react, staff


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a mail folder of this test's own."""
    return settings.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
async def mug(client: httpx.AsyncClient, settings: Settings) -> dict[str, Any]:
    return await product(client, await staff(client, settings), title="Red Mug")


class Order:
    """An order of this test, told to notifications."""

    def __init__(self, context: Context, mug: dict[str, Any]) -> None:
        self.context, self.mug = context, mug
        self.checkout_id = CheckoutId(uuid4())
        self.id = OrderId(uuid4())
        self.number = 0

    async def placed(self, times: int = 1, **values: Any) -> None:
        made = await place_order(self.context, self.mug, checkout_id=self.checkout_id, **values)
        self.id, self.number = made.order_id, made.number
        for _ in range(times):
            await react(self.context, HANDLERS, self.event())

    def event(self) -> OrderPaid:
        return OrderPaid(order_id=self.id, amount=Money(amount=599, currency="GBP"))

    async def set_status(self, status: str) -> None:
        async with self.context.database.work() as uow:
            await uow.connection.execute(
                text("UPDATE orders.orders SET status = :status WHERE id = :id"),
                {"status": status, "id": self.id},
            )


@pytest.fixture
def order(context: Context, mug: dict[str, Any]) -> Order:
    return Order(context, mug)


async def send_due(context: Context, *, later: timedelta = timedelta()) -> None:
    clock = FixedClock(context.clock.now() + later)
    for job in JOBS:
        await job.run(replace(context, clock=clock))


def mails(context: Context) -> list[EmailMessage]:
    folder = context.settings.data_dir / "objects" / "mail"
    return [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]


async def outcome(context: Context) -> tuple[Any, ...]:
    async with context.database.reading() as connection:
        query = text("SELECT status, attempts, failure FROM notifications.messages")
        return tuple((await connection.execute(query)).one())


async def test_a_paid_order_is_confirmed_once_however_often_it_is_told(
    context: Context, order: Order
) -> None:
    await order.placed(times=3)
    await order.set_status("paid")
    for _ in range(3):
        await send_due(context)
    (mail,) = mails(context)
    assert mail["To"] == "maria@example.com"
    assert str(order.number) in mail["Subject"]
    assert "Red Mug" in mail.get_content()
    opens = re.search(r"http://127.0.0.1:8000/orders/open\?pass=([\w-]+)", mail.get_content())
    assert opens
    opened = await context.container.get(Orders).open_pass(opens[1])
    assert opened is not None
    assert opened.id == order.id
    assert await outcome(context) == ("sent", 1, None)


async def test_two_workers_send_one_mail(context: Context, order: Order) -> None:
    async with post_office() as office:
        context = with_mail(context, office.port)
        await order.placed()
        await order.set_status("paid")
        await asyncio.gather(*(send_due(context) for _ in range(4)))
        assert len(office.mails) == 1


async def test_nothing_is_confirmed_before_it_is_paid(context: Context, order: Order) -> None:
    await order.placed()
    await send_due(context)
    assert mails(context) == []
    assert await outcome(context) == ("queued", 0, None)
    await order.set_status("paid")
    await send_due(context, later=timedelta(seconds=6))
    assert len(mails(context)) == 1


async def test_a_cancelled_order_is_not_confirmed(context: Context, order: Order) -> None:
    await order.placed()
    await context.container.get(Orders).cancel(
        command_id=CommandId(uuid4()), checkout_id=order.checkout_id, reason="test"
    )
    await send_due(context)
    assert mails(context) == []
    assert (await outcome(context))[0] == "dropped"


async def test_an_order_that_is_gone_holds_nothing_up(context: Context, order: Order) -> None:
    await react(context, HANDLERS, order.event())
    await order.placed()
    await order.set_status("paid")
    await send_due(context)
    assert len(mails(context)) == 1


async def test_an_address_that_smuggles_headers_is_given_up(context: Context, order: Order) -> None:
    await order.placed()
    await order.set_status("paid")
    async with context.database.work() as uow:
        await uow.connection.execute(
            text("UPDATE orders.orders SET email = E'a@b.de\\r\\nBcc: all@example.com'")
        )
    await send_due(context)
    assert mails(context) == []
    assert await outcome(context) == ("failed", 1, "address_unusable")


def with_mail(context: Context, port: int) -> Context:
    url = SecretStr(f"smtp://127.0.0.1:{port}")
    return replace(context, settings=context.settings.model_copy(update={"mail_url": url}))


async def test_a_refusal_is_tried_again_later(context: Context, order: Order) -> None:
    async with post_office() as office:
        context = with_mail(context, office.port)
        office.refuses = 1
        await order.placed()
        await order.set_status("paid")
        await send_due(context)
        assert (office.mails, (await outcome(context))[:2]) == ([], ("queued", 1))
        await send_due(context)
        assert office.mails == [], "not before its time"
        await send_due(context, later=timedelta(seconds=11))
        (mail,) = office.mails
        assert "To: maria@example.com" in mail
        assert (await outcome(context))[:2] == ("sent", 2)


async def test_a_mail_server_that_is_gone_ends_in_failed(
    context: Context, order: Order, unused_tcp_port: int
) -> None:
    context = with_mail(context, unused_tcp_port)
    await order.placed()
    await order.set_status("paid")
    for hour in range(MAX_ATTEMPTS + 2):
        await send_due(context, later=timedelta(hours=hour))
    status, attempts, failure = await outcome(context)
    assert (status, attempts) == ("failed", MAX_ATTEMPTS)
    assert failure == "SMTPConnectError"


async def test_a_folder_that_takes_no_mail_says_so(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where a folder should be")
    mail = EmailMessage()
    mail["Message-ID"] = "<1@shop.test>"
    with pytest.raises(MailUndelivered):
        await FolderMailer(tmp_path / "mail").send(mail)


async def test_neither_address_nor_text_is_kept(context: Context, order: Order) -> None:
    await order.placed()
    await order.set_status("paid")
    await send_due(context)
    async with context.database.reading() as connection:
        for query in (
            "SELECT CAST(m AS text) FROM notifications.messages m",
            "SELECT CAST(payload AS text) FROM backbone.outbox",
        ):
            kept = "".join((await connection.execute(text(query))).scalars())
            assert kept
            assert "maria" not in kept.lower()


async def test_staff_see_what_was_sent(
    client: httpx.AsyncClient, context: Context, order: Order
) -> None:
    await order.placed()
    at = f"/api/v1/admin/orders/{order.id}/notifications"
    assert (await client.get(at)).status_code == 401
    who = await customer(client)
    assert (await client.get(at, headers=who)).status_code == 403
    async with context.database.work() as uow:
        await uow.connection.execute(text("UPDATE identity.users SET role = 'staff'"))
    await context.cache.client.flushdb()
    (seen,) = (await client.get(at, headers=who)).json()
    assert (UUID(seen["order_id"]), seen["status"]) == (order.id, "queued")
    assert seen["template"] == "order_confirmation"

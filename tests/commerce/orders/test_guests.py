"""Guests get to their order over HTTP, and nobody else does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.commerce.orders.domain.passes import read_pass, same_mailbox, write_pass
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CommandId, OrderId, new_id
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import line, wanted
from tests.kit.doors import Doors, key
from tests.kit.goods import stocked

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PASSES = "/api/v1/order-passes"
ORDER = "/api/v1/guest-order"


@given(at=st.integers(0, 74), letter=st.sampled_from("Aa9-_"))
def test_a_pass_that_was_changed_anywhere_opens_nothing(at: int, letter: str) -> None:
    order = OrderId(UUID(int=7))
    token = write_pass(b"key", order, until=NOW)
    forged = token[:at] + letter + token[at + 1 :]
    before = NOW - timedelta(seconds=1)
    assert read_pass(b"key", forged, now=before) == (order if forged == token else None)


def test_a_pass_is_good_for_its_time_and_its_shop_only() -> None:
    order = OrderId(UUID(int=7))
    token = write_pass(b"key", order, until=NOW)
    assert read_pass(b"key", token, now=NOW - timedelta(seconds=1)) == order
    assert read_pass(b"key", token, now=NOW) is None
    assert read_pass(b"other", token, now=NOW - timedelta(days=1)) is None
    for odd in ("", "é", "=", "a" * 500, token + "A"):
        assert read_pass(b"key", odd, now=NOW - timedelta(days=1)) is None


def test_a_mailbox_is_the_same_in_any_case() -> None:
    assert same_mailbox(" Ada@Example.com", "ada@example.com")
    assert not same_mailbox("ada@example.com", "eve@example.com")


async def sent_order(context: Context, staff: httpx.AsyncClient, **who: Any) -> dict[str, Any]:
    variant = await stocked(context, 2)
    asked = wanted(line(2).model_copy(update={"variant_id": variant}), **who)
    stock = context.container.get(Inventory)
    held = [ReservationLine(variant_id=variant, quantity=2)]
    checkout = asked.checkout_id
    await stock.reserve(command_id=CommandId(new_id()), checkout_id=checkout, lines=held)
    assert await stock.allocate(command_id=CommandId(new_id()), checkout_id=checkout)
    placed = await context.container.get(Orders).place(
        command_id=CommandId(new_id()), request=asked
    )
    await captured(context, asked)
    at = f"/api/v1/admin/orders/{placed.order_id}"
    assert (await staff.post(f"{at}/shipments", json={}, headers=key())).status_code == 201
    found: dict[str, Any] = (await staff.get(at)).json()
    return found


async def test_a_guest_opens_the_order_reads_its_papers_and_sends_goods_back(
    doors: Doors, context: Context, client: httpx.AsyncClient
) -> None:
    staff = await doors.staff(await doors.admin())
    order = await sent_order(context, staff)
    made = await client.post(PASSES, json={"number": order["number"], "email": "ADA@example.com"})
    assert made.status_code == 201, made.text
    opens = {"order-pass": made.json()["token"]}
    assert (await client.get(ORDER, headers=opens)).json() == order
    assert len((await client.get(f"{ORDER}/shipments", headers=opens)).json()) == 1
    [paper] = (await client.get(f"{ORDER}/documents", headers=opens)).json()
    pdf = await client.get(f"{ORDER}/documents/{paper['id']}", headers=opens)
    assert pdf.content.startswith(b"%PDF")
    wish = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1, "reason": "broken"}]}
    asked = await client.post(f"{ORDER}/returns", json=wish, headers=opens | key())
    assert (asked.status_code, asked.json()["status"]) == (201, "requested")
    [seen] = (await client.get(f"{ORDER}/returns", headers=opens)).json()
    kept = await client.post(f"{ORDER}/returns/{seen['id']}/withdrawal", headers=opens | key())
    assert kept.json()["status"] == "withdrawn"
    late = await client.post(
        f"{ORDER}/cancellation", json={"reason": "too late"}, headers=opens | key()
    )
    assert late.json()["code"] == "order_not_cancellable"
    history = (await staff.get(f"/api/v1/admin/orders/{order['id']}/history")).json()
    assert history[-1]["actor"] == "guest"


async def test_what_is_not_the_guests_is_refused_alike(
    doors: Doors, context: Context, client: httpx.AsyncClient
) -> None:
    """An order that is not there, one of a customer, a wrong e-mail: the same answer."""
    staff, ada = await doors.staff(await doors.admin()), await doors.customer()
    me = (await ada.get("/api/v1/me")).json()["id"]
    order, hers = await sent_order(context, staff), await sent_order(context, staff, customer=me)
    tries = [(order["number"], "eve@example.com"), (hers["number"], "ada@example.com"), (99, "a@b")]
    refused = [
        await client.post(PASSES, json={"number": number, "email": email})
        for number, email in tries
    ]
    told = {(one.status_code, one.json()["code"], one.json()["detail"]) for one in refused}
    assert len(told) == 1
    assert refused[0].status_code == 404
    stolen = await context.container.get(Orders).issue_pass(OrderId(UUID(hers["id"])))
    for opens in (stolen.token, "nonsense", ""):
        answer = await client.get(ORDER, headers={"order-pass": opens})
        assert (answer.status_code, answer.json()["code"]) == (401, "order_pass_invalid")
    while (last := await client.post(PASSES, json={"number": 1, "email": "a@b"})).is_error:
        if last.status_code == 429:
            break
    assert last.json()["code"] == "too_many_look_ups"


async def test_a_guests_time_for_returns_ends_too(
    doors: Doors, context: Context, client: httpx.AsyncClient
) -> None:
    staff = await doors.staff(await doors.admin())
    order = await sent_order(context, staff)
    async with context.database.work() as uow:
        await uow.connection.execute(
            text("UPDATE orders.shipments SET shipped_at = now() - interval '31 days'")
        )
    issued = await context.container.get(Orders).issue_pass(OrderId(UUID(order["id"])))
    opens = {"order-pass": issued.token}
    wish = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1, "reason": "broken"}]}
    asked = await client.post(f"{ORDER}/returns", json=wish, headers=opens | key())
    assert asked.json()["code"] == "return_too_late"

"""Customers keep addresses for the next order: over HTTP, each their own."""

from typing import Any

import httpx
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.commerce.identity.errors import AddressBookFull
from bodega.commerce.identity.service.addresses import MAX_ADDRESSES
from tests.kit.doors import Doors, key

BOOK = "/api/v1/me/addresses"


def typed(line1: str, **more: Any) -> dict[str, Any]:
    address = {"name": "Ada", "line1": line1, "city": "Austin", "country": "US", "region": "TX"}
    return {"address": address, **more}


async def add(who: httpx.AsyncClient, line1: str, **more: Any) -> dict[str, Any]:
    answer = await who.post(BOOK, json=typed(line1, **more), headers=key())
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def defaults(book: list[dict[str, Any]]) -> list[tuple[str, bool, bool]]:
    return [(one["address"]["line1"], one["for_delivery"], one["for_billing"]) for one in book]


async def test_an_address_book_is_written_read_changed_and_emptied(doors: Doors) -> None:
    ada = await doors.customer()
    home = await add(ada, "1 Home")
    work = await add(ada, "2 Work", for_delivery=True)
    book = (await ada.get(BOOK)).json()
    assert defaults(book) == [("2 Work", True, False), ("1 Home", False, True)]
    moved = typed("3 Away", for_billing=True)
    changed = await ada.put(f"{BOOK}/{work['id']}", json=moved)
    assert changed.json() == {**moved, "id": work["id"], "for_delivery": False} | {
        "address": {**moved["address"], "line2": "", "postal_code": ""}
    }
    assert defaults((await ada.get(BOOK)).json()) == [
        ("3 Away", False, True), ("1 Home", False, False)
    ]  # fmt: skip
    assert (await ada.delete(f"{BOOK}/{home['id']}")).status_code == 204
    assert len((await ada.get(BOOK)).json()) == 1


async def test_the_same_address_sent_twice_is_kept_once(doors: Doors) -> None:
    ada, once = await doors.customer(), key()
    for _ in range(2):
        assert (await ada.post(BOOK, json=typed("1 Home"), headers=once)).status_code == 201
    assert len((await ada.get(BOOK)).json()) == 1


async def test_a_strangers_address_is_not_there(doors: Doors) -> None:
    ada, eve = await doors.customer(), await doors.customer()
    home = await add(ada, "1 Home")
    for answer in (
        await eve.put(f"{BOOK}/{home['id']}", json=typed("mine")),
        await eve.delete(f"{BOOK}/{home['id']}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "address_not_found")
    assert (await eve.get(BOOK)).json() == []
    assert len((await ada.get(BOOK)).json()) == 1


async def test_a_book_holds_so_many_and_an_erased_customers_none(
    doors: Doors, context: Context
) -> None:
    ada, admin = await doors.customer(), await doors.admin()
    me = (await ada.get("/api/v1/me")).json()["id"]
    many = text(
        "INSERT INTO identity.addresses (id, user_id, address)"
        " SELECT gen_random_uuid(), :me, '{}' FROM generate_series(1, :count)"
    )
    async with context.database.work() as uow:
        await uow.connection.execute(many, {"me": me, "count": MAX_ADDRESSES})
    refused = await ada.post(BOOK, json=typed("1 Home"), headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, AddressBookFull.code)
    erased = await admin.post("/api/v1/admin/users/erase", json={"person": me})
    assert erased.status_code == 204, erased.text
    async with context.database.reading() as connection:
        left = await connection.execute(text("SELECT count(*) FROM identity.addresses"))
        assert left.scalar_one() == 0

"""Finding orders and taking them out: by what staff know of them, as tables and as documents."""

import csv
import io
import json

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import TooManyLookUps
from bodega.commerce.orders.repository import search
from bodega.commerce.orders.service.guests import MAX_TRIES
from bodega.contracts.orders import Orders, OrderSearch
from bodega.kernel.ids import CommandId, ImportBatchId, new_id
from bodega.kernel.page import PageRequest
from tests.commerce.orders.goods import imported, line, wanted
from tests.kit.doors import Doors


@pytest.fixture
async def numbers(context: Context) -> list[int]:
    """1001 and 1002 of long ago, 1003 of Ada's mugs, 1004 of Eve's cups."""
    orders = context.container.get(Orders)
    await orders.bulk_load(
        [imported("A"), imported("B", days=3)],
        [],
        source="shop",
        import_batch_id=ImportBatchId(new_id()),
    )
    for email, sku in (("Ada@example.com", "MUG-1"), ("eve@example.com", "=CUP")):
        request = wanted(line().model_copy(update={"sku": sku})).model_copy(update={"email": email})
        await orders.place(command_id=CommandId(new_id()), request=request)
    return [1001, 1002, 1003, 1004]


async def test_a_guest_finds_an_order_and_a_guesser_is_stopped(
    context: Context, numbers: list[int]
) -> None:
    orders = context.container.get(Orders)
    found = await orders.look_up(number=1003, email="ada@example.com", address="ada")
    assert found is not None
    assert found.number == 1003
    for _ in range(MAX_TRIES):
        assert await orders.look_up(number=1003, email="eve@example.com", address="eve") is None
    with pytest.raises(TooManyLookUps):
        await orders.look_up(number=1003, email="ada@example.com", address="eve")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1004, 1003, 1002, 1001]),
        ({"q": "1003"}, [1003]),
        ({"q": "ADA@example.com"}, [1003]),
        ({"q": "=CUP"}, [1004]),
        ({"number": 99999999999999999999999}, []),
        ({"email": "eve@example.com", "sku": "=CUP", "status": "pending"}, [1004]),
        ({"status": "paid"}, [1002, 1001]),
        ({"since": "2010-12-02", "until": "2010-12-04"}, [1002]),
        ({"until": "2010-12-01"}, [1001]),
        ({"q": "mug-1"}, []),
    ],
)
async def test_staff_find_orders(
    context: Context, numbers: list[int], asked: dict[str, object], found: list[int]
) -> None:
    orders = context.container.get(Orders)
    page = await orders.search(PageRequest(limit=10), OrderSearch.model_validate(asked))
    assert [order.number for order in page.items] == found


async def test_the_search_is_a_staff_route(doors: Doors, numbers: list[int]) -> None:
    staff = await doors.staff(await doors.admin())
    found = await staff.get("/api/v1/admin/orders", params={"q": "1003"})
    assert [item["number"] for item in found.json()["items"]] == [1003]
    assert (await staff.get("/api/v1/admin/orders?since=yesterday")).status_code == 422
    assert (await staff.get("/api/v1/admin/orders?color=red")).status_code == 422
    asked: dict[str, str | int] = {"since": "2010-01-01", "limit": len(numbers) - 1}
    first = (await staff.get("/api/v1/admin/orders", params=asked)).json()
    asked["cursor"] = first["next_cursor"]
    second = (await staff.get("/api/v1/admin/orders", params=asked)).json()
    seen = [item["number"] for item in first["items"] + second["items"]]
    assert (sorted(seen), len(second["items"])) == (sorted(numbers), 1)


@pytest.mark.parametrize("batch", [1, 500])
async def test_all_orders_stream_out(
    doors: Doors, numbers: list[int], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(search, "BATCH", batch)
    staff = await doors.staff(await doors.admin())
    answer = await staff.get("/api/v1/admin/order-export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["number"] for row in rows] == ["1001", "1001", "1002", "1002", "1003", "1004"]
    assert rows[-1]["sku"] == "'=CUP"
    assert (rows[-1]["line_total"], rows[-1]["quantity"]) == ("11.98", "2")
    answer = await staff.get("/api/v1/admin/order-export?format=ndjson&status=pending")
    found = [json.loads(row) for row in answer.text.splitlines()]
    assert [order["number"] for order in found] == [1003, 1004]


async def test_what_cannot_be_looked_for_is_refused_before_a_file_begins(
    doors: Doors, numbers: list[int]
) -> None:
    staff = await doors.staff(await doors.admin())
    for asked in ({"q": "a\x00"}, {"sku": "\x00", "format": "ndjson"}):
        answer = await staff.get("/api/v1/admin/order-export", params=asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "unstorable"), asked
    none = await staff.get("/api/v1/admin/order-export", params={"q": "nobody@example.com"})
    assert none.text.startswith("number,placed_at,")
    assert none.text.count("\n") == 1


async def test_nobody_else_takes_them_out(doors: Doors, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/admin/order-export")).status_code == 401
    customer = await doors.customer()
    assert (await customer.get("/api/v1/admin/order-export")).status_code == 403

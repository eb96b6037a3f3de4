"""Stock over HTTP."""

from uuid import uuid4

import httpx

from bodega.backbone.module import Context
from tests.kit.doors import Doors, key
from tests.kit.goods import stocked


async def test_anyone_sees_how_many_may_be_bought(
    client: httpx.AsyncClient, context: Context
) -> None:
    mug, unknown = await stocked(context, 3), uuid4()
    answer = await client.get(
        "/api/v1/stock-levels", params={"variant_id": [str(mug), str(unknown)]}
    )
    seen = [(item["variant_id"], item["available"], item["in_stock"]) for item in answer.json()]
    assert seen == [(str(mug), 3, 3), (str(unknown), 0, 0)]


async def test_asking_for_no_variant_is_malformed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/stock-levels")).status_code == 422


async def test_staff_move_stock_and_read_levels(doors: Doors, context: Context) -> None:
    staff = await doors.staff(await doors.admin())
    mug = await stocked(context, 3)
    body = {"variant_id": str(mug), "quantity": 4, "reason": "delivery of monday"}
    once = key()
    for replayed in (None, "true"):
        moved = await staff.post("/api/v1/admin/stock-movements", json=body, headers=once)
        assert moved.status_code == 201, moved.text
        assert moved.json() == {
            "variant_id": str(mug),
            "on_hand": 7,
            "available": 7,
            "allocated": 0,
        }
        assert moved.headers.get("idempotency-replayed") == replayed
    levels = (await staff.get("/api/v1/admin/stock-levels")).json()
    assert levels["items"] == [
        {"variant_id": str(mug), "on_hand": 7, "available": 7, "allocated": 0}
    ]


async def test_levels_come_in_pages(doors: Doors, context: Context) -> None:
    staff = await doors.staff(await doors.admin())
    mugs = sorted([str(await stocked(context, 1)) for _ in range(3)])
    first = (await staff.get("/api/v1/admin/stock-levels?limit=2")).json()
    rest = (
        await staff.get(f"/api/v1/admin/stock-levels?limit=2&cursor={first['next_cursor']}")
    ).json()
    assert [item["variant_id"] for item in first["items"] + rest["items"]] == mugs
    assert rest["next_cursor"] is None


async def test_stock_cannot_be_taken_below_zero(doors: Doors, context: Context) -> None:
    staff = await doors.staff(await doors.admin())
    body = {"variant_id": str(await stocked(context, 1)), "quantity": -2, "reason": "breakage"}
    answer = await staff.post("/api/v1/admin/stock-movements", json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (409, "stock_below_zero")


async def test_customers_may_not_touch_stock(doors: Doors) -> None:
    customer = await doors.customer()
    body = {"variant_id": str(uuid4()), "quantity": 1, "reason": "mine"}
    answer = await customer.post("/api/v1/admin/stock-movements", json=body, headers=key())
    assert answer.status_code == 403
    assert (await customer.get("/api/v1/admin/stock-levels")).status_code == 403


async def test_a_cursor_of_another_list_is_refused(doors: Doors) -> None:
    from bodega.kernel.page import encode_cursor

    staff = await doors.staff(await doors.admin())
    cursor = encode_cursor("not-a-uuid")
    answer = await staff.get(f"/api/v1/admin/stock-levels?cursor={cursor}")
    assert answer.status_code == 422

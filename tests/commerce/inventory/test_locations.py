"""Locations, and the thresholds of what lies there."""

from uuid import uuid4

from bodega.commerce.inventory.domain import MAIN_ID
from bodega.kernel.ids import VariantId, new_id
from tests.commerce.inventory.desk import MAIN, Desk
from tests.commerce.inventory.store import Store, wrong_levels


async def test_staff_open_change_and_close_locations(desk: Desk) -> None:
    berlin = await desk.location("berlin", country="DE", serves=["AT"], priority=5)
    assert await desk.refused("locations", {"code": "berlin", "name": "x"}) == (
        409,
        "location_code_taken",
    )
    changed = await desk.patch(f"locations/{berlin}", {"active": False, "country": None})
    assert (changed["active"], changed["country"], changed["serves"]) == (False, None, ["AT"])
    assert (await desk.get("locations"))[0]["code"] == "berlin"


async def test_main_stays_open_and_strangers_are_unknown(desk: Desk, store: Store) -> None:
    await store.receive(1)
    at = f"locations/{MAIN}"
    assert await desk.refused(at, {"active": False}, "PATCH") == (409, "main_stays_open")
    assert await desk.refused(f"locations/{uuid4()}", {"name": "x"}, "PATCH") == (
        404,
        "location_not_found",
    )


async def test_thresholds_say_what_may_be_sold(desk: Desk, store: Store) -> None:
    mug = await store.receive(5)
    at = f"stock-levels/{mug}/{MAIN}"
    level = await desk.put(at, {"safety_stock": 2, "reorder_point": 4, "reorder_quantity": 12})
    assert (level["on_hand"], level["available"], level["reorder_point"]) == (5, 3, 4)
    level = await desk.put(at, {"backorder": "backorder", "allowance": 10})
    assert (level["available"], level["safety_stock"]) == (15, 0)
    body = {"backorder": "preorder", "allowance": 10, "available_on": "2030-01-01"}
    assert (await desk.put(at, body))["available_on"] == "2030-01-01"
    [shown] = await desk.get(f"stock-levels/{mug}")
    assert (shown["backorder"], shown["location_id"]) == ("preorder", str(MAIN_ID))


async def test_a_backorder_is_stated_whole_or_not_at_all(desk: Desk, store: Store) -> None:
    mug = await store.receive(5)
    at = f"stock-levels/{mug}/{MAIN}"
    for body in (
        {"backorder": "backorder"},
        {"allowance": 3},
        {"backorder": "preorder", "allowance": 3},
        {"backorder": "backorder", "allowance": 3, "available_on": "2030-01-01"},
    ):
        assert await desk.refused(at, body, "PUT") == (400, "backorder_unclear")


async def test_levels_that_never_were_are_not_found(desk: Desk, store: Store) -> None:
    await store.receive(1)
    stranger = VariantId(new_id())
    assert await desk.refused(f"stock-levels/{stranger}", verb="GET") == (404, "level_not_found")
    at = f"stock-levels/{stranger}/{MAIN}"
    assert await desk.refused(at, {}, "PUT") == (404, "level_not_found")


async def test_stock_is_moved_at_a_location_and_the_ledger_says_by_whom(
    desk: Desk, store: Store
) -> None:
    mug, berlin = VariantId(new_id()), await desk.location("berlin")
    assert (await desk.move(mug, 7, berlin))["on_hand"] == 7
    await desk.move(mug, 2)
    first = await desk.get("stock-movements", variant_id=str(mug), limit=1)
    rest = await desk.get(
        "stock-movements", variant_id=str(mug), limit=1, cursor=first["next_cursor"]
    )
    rows = [*first["items"], *rest["items"]]
    assert [(row["location"], row["quantity"]) for row in rows] == [("main", 2), ("berlin", 7)]
    assert all(row["actor"].startswith("staff:") for row in rows), rows
    assert wrong_levels(store.settings) == []


async def test_the_books_are_right_until_somebody_touches_a_level(desk: Desk, store: Store) -> None:
    mug = await store.receive(5)
    await store.sell({mug: 2})
    found = await desk.get("stock-check")
    assert (found["levels"], found["differences"]) == (1, [])
    store.execute("UPDATE inventory.levels SET on_hand = 9, allocated = 1")
    [wrong] = (await desk.get("stock-check"))["differences"]
    assert wrong == {
        "variant_id": str(mug),
        "location": "main",
        "on_hand": 9,
        "on_hand_by_ledger": 5,
        "allocated": 1,
        "allocated_by_ledger": 2,
        "allocated_by_promises": 2,
    }

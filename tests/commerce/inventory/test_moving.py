"""Transfers and counts: units change places or are found to be others, never from nothing."""

from uuid import uuid4

import pytest

from bodega.kernel.ids import LocationId
from tests.commerce.inventory.desk import MAIN, Desk, units
from tests.commerce.inventory.store import Store, checkout, ledger, wrong_levels


@pytest.fixture
async def berlin(desk: Desk) -> LocationId:
    return await desk.location("berlin")


def transfer(to: LocationId, *lines: object, source: object = MAIN) -> dict[str, object]:
    return {"source_id": str(source), "destination_id": str(to), "lines": list(lines)}


async def test_a_transfer_leaves_at_once_and_arrives_in_parts(
    desk: Desk, store: Store, berlin: LocationId
) -> None:
    mug = await store.receive(5)
    sent = await desk.post("stock-transfers", transfer(berlin, units(mug, 3), units(mug, 1)))
    assert await store.figures(mug) == (1, 0, 1)
    at = f"stock-transfers/{sent['id']}"
    part = await desk.post(f"{at}/arrivals", {"lines": [units(mug, 1)]})
    assert (part["status"], part["lines"][0]["received"]) == ("in_transit", 1)
    assert await desk.refused(f"{at}/arrivals", {"lines": [units(mug, 4)]}) == (
        409,
        "more_than_expected",
    )
    whole = await desk.post(f"{at}/arrivals", {"lines": [units(mug, 3)]})
    assert whole["status"] == "received"
    assert await desk.refused(f"{at}/close") == (409, "transfer_ended")
    assert await store.figures(mug) == (5, 0, 5)
    assert [row[::2] for row in ledger(store.settings, mug)] == [
        (5, "received"),
        (-4, "transfer_out"),
        (1, "transfer_in"),
        (3, "transfer_in"),
    ]
    assert wrong_levels(store.settings) == []


async def test_what_is_lost_on_the_way_stays_visible(
    desk: Desk, store: Store, berlin: LocationId
) -> None:
    mug = await store.receive(5)
    sent = await desk.post("stock-transfers", transfer(berlin, units(mug, 3)))
    await desk.post(f"stock-transfers/{sent['id']}/close")
    [known] = (await desk.get("stock-transfers"))["items"]
    assert known == await desk.get(f"stock-transfers/{sent['id']}")
    assert (known["status"], known["lines"][0]) == (
        "closed",
        {"variant_id": str(mug), "quantity": 3, "received": 0},
    )
    assert await store.figures(mug) == (2, 0, 2)


async def test_what_is_promised_or_held_is_not_sent_away(
    desk: Desk, store: Store, berlin: LocationId
) -> None:
    mug = await store.receive(5)
    await store.sell({mug: 2})
    store.clock.at = store.clock.at.replace(year=2100)
    await store.reserve({mug: 2}, checkout())
    body = transfer(berlin, units(mug, 2))
    assert await desk.refused("stock-transfers", body) == (409, "stock_spoken_for")
    assert (await desk.get("stock-transfers"))["items"] == []
    await desk.post("stock-transfers", transfer(berlin, units(mug, 1)))


async def test_a_transfer_goes_between_two_places_there_are(
    desk: Desk, store: Store, berlin: LocationId
) -> None:
    mug = await store.receive(5)
    same = transfer(LocationId(MAIN), units(mug, 1))
    assert await desk.refused("stock-transfers", same) == (400, "same_location")
    nowhere = transfer(LocationId(uuid4()), units(mug, 1))
    assert await desk.refused("stock-transfers", nowhere) == (404, "location_not_found")
    await desk.patch(f"locations/{berlin}", {"active": False})
    closed = transfer(berlin, units(mug, 1))
    assert await desk.refused("stock-transfers", closed) == (409, "location_closed")
    lost = f"stock-transfers/{uuid4()}"
    assert await desk.refused(lost, verb="GET") == (404, "transfer_not_found")


async def test_a_count_posts_the_difference_and_keeps_what_was_sold_since(
    desk: Desk, store: Store
) -> None:
    mug, cup = await store.receive(5), await store.receive(2)
    count = await desk.post("stock-counts", {"location_id": MAIN})
    at = f"stock-counts/{count['id']}"
    await desk.put(f"{at}/lines/{mug}", {"counted": 9})
    recounted = await desk.put(f"{at}/lines/{mug}", {"counted": 4})
    assert [line["difference"] for line in recounted["lines"]] == [-1]
    await desk.put(f"{at}/lines/{cup}", {"counted": 2})
    await store.send_all(await store.sell({mug: 2}))
    closed = await desk.post(f"{at}/close")
    assert closed["status"] == "closed"
    assert await store.figures(mug) == (2, 0, 2)
    assert ledger(store.settings, cup) == [(2, 0, "received")]
    assert wrong_levels(store.settings) == []
    assert await desk.refused(f"{at}/close") == (409, "count_ended")
    assert await desk.refused(f"{at}/lines/{mug}", {"counted": 1}, "PUT") == (409, "count_ended")


async def test_a_count_may_find_what_was_never_there_or_be_dropped(
    desk: Desk, store: Store, berlin: LocationId
) -> None:
    mug = await store.receive(5)
    count = await desk.post("stock-counts", {"location_id": str(berlin)})
    at = f"stock-counts/{count['id']}"
    await desk.put(f"{at}/lines/{mug}", {"counted": 3})
    assert (await desk.post(f"{at}/cancel"))["status"] == "cancelled"
    assert await store.figures(mug) == (5, 0, 5)
    [known] = (await desk.get("stock-counts"))["items"]
    assert known == await desk.get(at)
    assert await desk.refused(f"stock-counts/{uuid4()}", verb="GET") == (404, "count_not_found")


async def test_units_that_left_since_the_counting_are_not_taken_twice(
    desk: Desk, store: Store
) -> None:
    mug = await store.receive(5)
    count = await desk.post("stock-counts", {"location_id": MAIN})
    await desk.put(f"stock-counts/{count['id']}/lines/{mug}", {"counted": 1})
    await store.send_all(await store.sell({mug: 2}))
    close = f"stock-counts/{count['id']}/close"
    assert await desk.refused(close) == (409, "stock_below_zero")

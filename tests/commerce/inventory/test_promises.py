"""Promised units: more, fewer, sent, backordered, pre-ordered, over several locations."""

import asyncio

import psycopg
import pytest

from bodega.backbone.settings import Settings
from bodega.commerce.inventory.domain import MAIN_ID
from bodega.commerce.inventory.errors import (
    LocationNotFound,
    NotOnHandYet,
    NotPromised,
    NotReleasedYet,
)
from bodega.contracts.inventory import Allocation, Pick
from bodega.kernel.ids import CheckoutId, LocationId, VariantId, new_id
from tests.commerce.inventory.store import Store, checkout, ledger, wrong_levels

pytestmark = pytest.mark.usefixtures("store")
EVENTS = "SELECT type, payload FROM backbone.outbox ORDER BY event_id"


def pick(variant: VariantId, quantity: int, at: LocationId = MAIN_ID) -> Pick:
    return Pick(variant_id=variant, location_id=at, quantity=quantity)


def events(settings: Settings, kind: str) -> list[dict]:
    with psycopg.connect(settings.dsn) as connection:
        return [body for type_, body in connection.execute(EVENTS).fetchall() if type_ == kind]


async def test_an_edited_order_gets_more_or_is_told_what_is_short(store: Store) -> None:
    mug, cup = await store.receive(5), await store.receive(1)
    buyer = await store.sell({mug: 2})
    refused = await store.add(buyer, {mug: 1, cup: 2})
    assert (refused.ok, refused.short) == (False, [cup])
    assert await store.figures(mug) == (5, 2, 3)
    assert (await store.add(buyer, {mug: 1, cup: 1})).ok
    assert await store.figures(mug) == (5, 3, 2)
    await store.send_all(buyer)
    assert await store.figures(cup) == (0, 0, 0)


async def test_units_are_taken_back_from_an_order_but_no_more_than_it_has(store: Store) -> None:
    mug = await store.receive(5)
    buyer = await store.sell({mug: 2})
    await store.add(buyer, {mug: 2})
    await store.take_back(buyer, {mug: 3})
    assert await store.figures(mug) == (5, 1, 4)
    with pytest.raises(NotPromised):
        await store.take_back(buyer, {mug: 2})
    assert ledger(store.settings, mug)[-1] == (0, -3, "taken_back")


async def test_more_than_promised_is_not_sent(store: Store) -> None:
    mug = await store.receive(5)
    buyer = await store.sell({mug: 2})
    with pytest.raises(NotPromised):
        await store.send(buyer, pick(mug, 3))
    with pytest.raises(NotPromised):
        await store.send(checkout(), pick(mug, 1))
    with pytest.raises(LocationNotFound):
        await store.send(buyer, pick(mug, 1, LocationId(new_id())))
    await store.send(buyer, pick(mug, 1), pick(mug, 1))
    with pytest.raises(NotPromised):
        await store.send(buyer, pick(mug, 1))


async def test_a_backorder_is_sent_when_its_units_have_come(store: Store) -> None:
    mug = await store.receive(1)
    store.allow(mug, 2)
    assert await store.figures(mug) == (1, 0, 3)
    first, second = await store.sell({mug: 1}), await store.sell({mug: 2})
    assert not (await store.reserve({mug: 1}, checkout())).ok
    [waiting] = await store.service.allocations(second)
    assert (waiting.quantity, waiting.backordered) == (2, 2)
    with pytest.raises(NotOnHandYet):
        await store.send(second, pick(mug, 1))
    await store.receive(1, mug)
    await store.send(second, pick(mug, 1))
    with pytest.raises(NotOnHandYet):
        await store.send(second, pick(mug, 1))
    await store.send_all(first)
    assert await store.figures(mug) == (0, 1, 1)
    assert wrong_levels(store.settings) == []


async def test_a_pre_order_waits_for_its_day_and_its_allowance_ends_there(store: Store) -> None:
    mug = await store.receive(1)
    store.allow(mug, 1, until="2026-11-22")
    buyer = await store.sell({mug: 2})
    await store.receive(1, mug)
    with pytest.raises(NotReleasedYet):
        await store.send(buyer, pick(mug, 1))
    assert (await store.level(mug)).available == 1
    store.clock.at = store.clock.at.replace(day=22)
    assert (await store.level(mug)).available == 0
    await store.send(buyer, pick(mug, 2))


async def test_safety_stock_is_not_for_sale(store: Store) -> None:
    mug = await store.receive(5)
    store.execute("UPDATE inventory.levels SET safety_stock = 2 WHERE variant_id = %s", mug)
    assert await store.figures(mug) == (5, 0, 3)
    assert not (await store.reserve({mug: 4}, checkout())).ok
    assert (await store.reserve({mug: 3}, checkout())).ok


async def where(store: Store, buyer: CheckoutId) -> list[tuple[str, int]]:
    codes = {place.id: place.code for place in await store.service.locations()}
    return [
        (codes[item.location_id], item.quantity) for item in await store.service.allocations(buyer)
    ]


async def test_the_nearest_location_that_has_all_serves_the_order(store: Store) -> None:
    berlin = await store.location("berlin", "DE", serves=["AT", "PL"])
    paris = await store.location("paris", "FR")
    mug, cup = await store.receive(5), await store.receive(5)
    for at in (berlin, paris):
        await store.receive(5, mug, at)
    await store.receive(5, cup, paris)
    assert await where(store, await store.sell({mug: 1})) == [("main", 1)]
    assert await where(store, await store.sell({mug: 1}, country="DE")) == [("berlin", 1)]
    assert await where(store, await store.sell({mug: 1}, country="AT")) == [("berlin", 1)]
    buyer = await store.sell({mug: 1, cup: 1}, country="DE")
    assert {code for code, _ in await where(store, buyer)} == {"main"}


async def test_what_no_location_has_alone_is_split_over_the_fewest(store: Store) -> None:
    berlin, paris = await store.location("berlin", "DE"), await store.location("paris", "FR")
    mug, cup = await store.receive(1), await store.receive(3)
    await store.receive(2, mug, berlin)
    await store.receive(4, mug, paris)
    buyer = await store.sell({mug: 5, cup: 3}, country="DE")
    assert sorted(await where(store, buyer)) == [("main", 1), ("main", 3), ("paris", 4)]
    await store.send_all(buyer)
    assert await store.figures(mug) == (2, 0, 2)
    assert wrong_levels(store.settings) == []


async def test_a_closed_location_sells_nothing_but_sends_what_it_promised(store: Store) -> None:
    berlin = await store.location("berlin", "DE")
    mug = await store.receive(2, at=berlin)
    buyer = await store.sell({mug: 1})
    store.execute("UPDATE inventory.locations SET active = false WHERE code = 'berlin'")
    assert await store.figures(mug) == (2, 1, 0)
    assert not (await store.reserve({mug: 1}, checkout())).ok
    await store.send(buyer, pick(mug, 1, berlin))
    assert await store.figures(mug) == (1, 0, 0)


async def test_a_hold_whose_units_were_lost_is_served_from_elsewhere(store: Store) -> None:
    berlin = await store.location("berlin", "DE")
    mug, buyer = await store.receive(2), checkout()
    await store.receive(2, mug, berlin)
    await store.reserve({mug: 2}, buyer)
    await store.receive(-1, mug)
    assert await store.allocate(buyer)
    assert await where(store, buyer) == [("berlin", 2)]


async def test_allocations_come_in_the_order_of_picking(store: Store) -> None:
    late = await store.location("a-late", priority=200)
    mug, cup = await store.receive(1), await store.receive(1, at=late)
    found = await store.service.allocations(await store.sell({mug: 1, cup: 1}))
    assert found == [
        Allocation(variant_id=mug, location_id=MAIN_ID, quantity=1),
        Allocation(variant_id=cup, location_id=late, quantity=1),
    ]


async def test_promises_and_little_stock_are_told(store: Store, settings: Settings) -> None:
    mug = await store.receive(5)
    store.execute("UPDATE inventory.levels SET reorder_point = 3 WHERE variant_id = %s", mug)
    buyer = await store.sell({mug: 1})
    assert events(settings, "inventory.stock_low") == []
    for _ in range(2):
        await store.sell({mug: 1})
    told = events(settings, "inventory.stock_low")
    assert told == [{"variant_id": str(mug), "location": "main", "left": 3, "reorder_point": 3}]
    promised = events(settings, "inventory.stock_promised")
    assert promised[0] == {
        "variant_id": str(mug),
        "quantity": 1,
        "reason": "promised",
        "location": "main",
        "checkout_id": str(buyer),
    }


async def test_parallel_buyers_over_three_locations_never_oversell(store: Store) -> None:
    places = [await store.location(code) for code in ("one", "two")]
    mug, cup = await store.receive(4), await store.receive(7)
    for place in places:
        await store.receive(4, mug, place)
        await store.receive(3, cup, place)

    async def buy(index: int) -> bool:
        buyer = checkout()
        wanted = {mug: 2, cup: 1} if index % 2 else {cup: 1, mug: 2}
        if not (await store.reserve(wanted, buyer)).ok or not await store.allocate(buyer):
            return False
        if index % 3 == 0:
            await store.release(buyer)
            return False
        await store.send_all(buyer)
        return True

    sold = sum(await asyncio.gather(*(buy(index) for index in range(40))))
    assert wrong_levels(store.settings) == []
    on_hand, allocated, available = await store.figures(mug)
    assert (on_hand, allocated) == (12 - 2 * sold, 0)
    assert available == on_hand

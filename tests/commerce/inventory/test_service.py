"""Stock on a real PostgreSQL: never negative, never oversold, every movement on record."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest

from bodega.backbone.settings import Settings
from bodega.commerce.inventory.errors import (
    AlreadyReserved,
    LocationNotFound,
    NothingMoved,
    StockBelowZero,
)
from bodega.contracts.inventory import ImportedStock
from bodega.kernel.ids import ImportBatchId, LocationId, VariantId, new_id
from tests.commerce.inventory.store import HOLD, Store, checkout, command, ledger, wrong_levels


async def test_a_sale_holds_promises_sends_and_leaves_a_trace(
    store: Store, settings: Settings
) -> None:
    mug, buyer = await store.receive(5), checkout()
    assert (await store.reserve({mug: 2}, buyer)).ok
    assert await store.figures(mug) == (5, 0, 3)
    assert await store.allocate(buyer)
    assert await store.figures(mug) == (5, 2, 3)
    await store.send_all(buyer)
    assert await store.figures(mug) == (3, 0, 3)
    assert ledger(settings, mug) == [(5, 0, "received"), (0, 2, "promised"), (-2, -2, "sale")]


async def test_one_short_line_holds_nothing_at_all(store: Store) -> None:
    mug, cup = await store.receive(5), await store.receive(1)
    refused = await store.reserve({mug: 1, cup: 2}, checkout())
    assert not refused.ok
    assert refused.short == [cup]
    assert (await store.level(mug)).available == 5


async def test_the_same_command_again_answers_the_same_and_holds_once(store: Store) -> None:
    mug, buyer, id_ = await store.receive(5), checkout(), command()
    first = await store.reserve({mug: 2}, buyer, id_)
    again = await store.reserve({mug: 2}, buyer, id_)
    assert again == first
    assert (await store.level(mug)).available == 3


async def test_an_expired_hold_is_free_again_without_any_job(store: Store) -> None:
    mug = await store.receive(1)
    assert (await store.reserve({mug: 1}, checkout())).ok
    assert not (await store.reserve({mug: 1}, checkout())).ok
    store.clock.at += HOLD
    assert (await store.reserve({mug: 1}, checkout())).ok


async def test_a_lapsed_hold_is_honoured_while_the_stock_is_there(store: Store) -> None:
    mug, slow = await store.receive(1), checkout()
    await store.reserve({mug: 1}, slow)
    store.clock.at += HOLD
    assert await store.allocate(slow)


async def test_a_lapsed_hold_yields_to_whoever_took_the_stock(store: Store) -> None:
    mug, slow, quick = await store.receive(1), checkout(), checkout()
    await store.reserve({mug: 1}, slow)
    store.clock.at += HOLD
    assert (await store.reserve({mug: 1}, quick)).ok
    assert not await store.allocate(slow)
    assert await store.allocate(quick)
    assert await store.figures(mug) == (1, 1, 0)


async def test_release_undoes_a_hold(store: Store) -> None:
    mug, buyer = await store.receive(2), checkout()
    await store.reserve({mug: 2}, buyer)
    await store.release(buyer)
    assert (await store.level(mug)).available == 2
    assert not await store.allocate(buyer)


async def test_release_undoes_a_promise_once(store: Store, settings: Settings) -> None:
    mug = await store.receive(2)
    buyer = await store.sell({mug: 2})
    await store.release(buyer)
    await store.release(buyer)
    assert await store.figures(mug) == (2, 0, 2)
    assert ledger(settings, mug) == [(2, 0, "received"), (0, 2, "promised"), (0, -2, "released")]


async def test_release_leaves_what_was_sent_alone(store: Store) -> None:
    mug = await store.receive(3)
    buyer = await store.sell({mug: 3})
    [pick] = await store.picks(buyer)
    await store.send(buyer, pick.model_copy(update={"quantity": 1}))
    await store.release(buyer)
    assert await store.figures(mug) == (2, 0, 2)


async def test_a_checkout_holds_once(store: Store) -> None:
    mug, buyer = await store.receive(5), checkout()
    await store.reserve({mug: 1}, buyer)
    with pytest.raises(AlreadyReserved):
        await store.reserve({mug: 1}, buyer)
    assert (await store.level(mug)).available == 4


async def test_a_hold_is_extended_while_it_lives(store: Store) -> None:
    mug, buyer = await store.receive(1), checkout()
    await store.reserve({mug: 1}, buyer)
    until = store.clock.at + 2 * HOLD
    assert await store.service.extend(checkout_id=buyer, until=until)
    assert await store.service.extend(checkout_id=buyer, until=store.clock.at)
    store.clock.at += HOLD
    assert not (await store.reserve({mug: 1}, checkout())).ok
    store.clock.at += HOLD
    assert not await store.service.extend(checkout_id=buyer, until=until + HOLD)
    assert (await store.reserve({mug: 1}, checkout())).ok


async def test_nothing_held_cannot_be_extended(store: Store) -> None:
    mug = await store.receive(1)
    buyer = await store.sell({mug: 1})
    later = store.clock.at + HOLD
    for who in (buyer, checkout()):
        assert not await store.service.extend(checkout_id=who, until=later)


async def test_returned_units_are_for_sale_again(store: Store, settings: Settings) -> None:
    mug = await store.receive(1)
    await store.send_all(await store.sell({mug: 1}))
    once = command()
    for _ in range(2):
        await store.service.restock(command_id=once, variant_id=mug, quantity=1, reason="returned")
    assert await store.figures(mug) == (1, 0, 1)
    assert ledger(settings, mug)[-1] == (1, 0, "returned")
    with pytest.raises(NothingMoved):
        await store.service.restock(
            command_id=command(), variant_id=mug, quantity=0, reason="returned"
        )


async def test_stock_moves_only_at_locations_there_are(store: Store) -> None:
    with pytest.raises(LocationNotFound):
        await store.receive(1, at=LocationId(new_id()))


async def test_stock_never_falls_below_zero(store: Store) -> None:
    mug = await store.receive(2)
    with pytest.raises(StockBelowZero):
        await store.receive(-3, mug)
    with pytest.raises(NothingMoved):
        await store.receive(0, mug)
    assert (await store.level(mug)).on_hand == 2


async def test_a_correction_below_what_is_held_fails_the_late_sale(store: Store) -> None:
    mug, buyer = await store.receive(3), checkout()
    await store.reserve({mug: 3}, buyer)
    await store.receive(-1, mug)
    assert (await store.level(mug)).available == 0
    assert not await store.allocate(buyer)
    assert await store.figures(mug) == (2, 0, 0)


async def test_unknown_variants_have_nothing_available(store: Store) -> None:
    stranger = VariantId(new_id())
    assert await store.service.available([stranger]) == {stranger: 0}


async def test_parallel_buyers_never_oversell(store: Store) -> None:
    mug = await store.receive(20)

    async def buy() -> bool:
        buyer = checkout()
        return (await store.reserve({mug: 1}, buyer)).ok and await store.allocate(buyer)

    bought = await asyncio.gather(*(buy() for _ in range(60)))
    assert sum(bought) == 20
    assert await store.figures(mug) == (20, 20, 0)
    assert wrong_levels(store.settings) == []


async def test_buyers_of_the_same_two_things_in_other_orders_never_deadlock(store: Store) -> None:
    mug, cup = await store.receive(100), await store.receive(100)
    orders = [{mug: 1, cup: 1}, {cup: 1, mug: 1}] * 20
    held = await asyncio.gather(*(store.reserve(wanted, checkout()) for wanted in orders))
    assert all(item.ok for item in held)
    assert (await store.level(mug)).available == (await store.level(cup)).available == 60


async def test_movements_are_append_only(store: Store, settings: Settings) -> None:
    await store.receive(1)
    with psycopg.connect(settings.dsn) as connection:
        for statement in ("UPDATE inventory.movements SET quantity = 9",
                          "DELETE FROM inventory.movements"):  # fmt: skip
            with pytest.raises(psycopg.errors.RaiseException), connection.transaction():
                connection.execute(statement)


async def test_loading_opening_stock_twice_changes_nothing(
    store: Store, settings: Settings
) -> None:
    known, fresh = await store.receive(7), VariantId(new_id())
    at = datetime(2011, 1, 4, tzinfo=UTC)
    batch = [
        ImportedStock(variant_id=known, on_hand=100, known_at=at),
        ImportedStock(variant_id=fresh, on_hand=40, known_at=at),
    ]
    batch_id = ImportBatchId(new_id())
    load = store.service.bulk_load
    assert await load(batch, source="shop", import_batch_id=batch_id) == 1
    assert await load(batch, source="shop", import_batch_id=batch_id) == 0
    assert (await store.level(known)).on_hand == 7
    assert (await store.level(fresh)).on_hand == 40
    assert ledger(settings, fresh) == [(40, 0, "opening")]

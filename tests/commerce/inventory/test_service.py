"""Stock on a real PostgreSQL: never negative, never oversold, every movement on record."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bodega.apps.compose import compose
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.inventory.errors import NothingMoved, StockBelowZero
from bodega.commerce.inventory.service import InventoryService
from bodega.contracts.inventory import ImportedStock, ReservationLine, Reserved, StockLevel
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CheckoutId, CommandId, ImportBatchId, VariantId, new_id
from bodega.kernel.page import PageRequest

HOLD = timedelta(minutes=15)


class Store:
    """Inventory under a clock that the test moves."""

    def __init__(self, context: Context) -> None:
        self.clock = FixedClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
        self.service = InventoryService(replace(context, clock=self.clock))

    async def receive(self, units: int, variant: UUID | None = None) -> VariantId:
        variant_id = VariantId(variant or new_id())
        await self.service.receive(
            command_id=command(), variant_id=variant_id, quantity=units, reason="received"
        )
        return variant_id

    async def reserve(
        self, wanted: dict[VariantId, int], checkout: CheckoutId, id_: CommandId | None = None
    ) -> Reserved:
        lines = [ReservationLine(variant_id=key, quantity=count) for key, count in wanted.items()]
        return await self.service.reserve(
            command_id=id_ or command(), checkout_id=checkout, lines=lines
        )

    async def allocate(self, checkout: CheckoutId) -> bool:
        return await self.service.allocate(command_id=command(), checkout_id=checkout)

    async def release(self, checkout: CheckoutId) -> None:
        await self.service.release(command_id=command(), checkout_id=checkout)

    async def level(self, variant: VariantId) -> StockLevel:
        page = await self.service.levels(PageRequest(limit=100))
        return next(item for item in page.items if item.variant_id == variant)


def command() -> CommandId:
    return CommandId(new_id())


def checkout() -> CheckoutId:
    return CheckoutId(new_id())


@pytest.fixture
def store(context: Context) -> Store:
    return Store(context)


def ledger(settings: Settings, variant: VariantId) -> list[tuple[int, str]]:
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(
            "SELECT quantity, reason FROM inventory.movements WHERE variant_id = %s"
            " ORDER BY ingested_at, id",
            [variant],
        ).fetchall()


async def test_a_sale_holds_then_takes_and_leaves_a_trace(store: Store, settings: Settings) -> None:
    mug, buyer = await store.receive(5), checkout()
    assert (await store.reserve({mug: 2}, buyer)).ok
    assert (await store.level(mug)).model_dump(exclude={"variant_id"}) == {
        "on_hand": 5,
        "available": 3,
    }
    assert await store.allocate(buyer)
    assert (await store.level(mug)).on_hand == 3
    assert ledger(settings, mug) == [(5, "received"), (-2, "sale")]


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
    assert (await store.level(mug)).on_hand == 0


async def test_release_undoes_a_hold(store: Store) -> None:
    mug, buyer = await store.receive(2), checkout()
    await store.reserve({mug: 2}, buyer)
    await store.release(buyer)
    assert (await store.level(mug)).available == 2
    assert not await store.allocate(buyer)


async def test_release_undoes_a_sale_once(store: Store, settings: Settings) -> None:
    mug, buyer = await store.receive(2), checkout()
    await store.reserve({mug: 2}, buyer)
    await store.allocate(buyer)
    await store.release(buyer)
    await store.release(buyer)
    assert (await store.level(mug)).on_hand == 2
    assert ledger(settings, mug) == [(2, "received"), (-2, "sale"), (2, "undone")]


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
    assert (await store.level(mug)).on_hand == 2


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
    level = await store.level(mug)
    assert (level.on_hand, level.available) == (0, 0)


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
    assert ledger(settings, fresh) == [(40, "opening")]


class Stock(RuleBasedStateMachine):
    """Any order of holds, sales, undoings, deliveries and lapses, against a model of it."""

    runner: asyncio.Runner
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.on_hand = 4
        self.held: dict[CheckoutId, tuple[int, datetime]] = {}
        self.sold: dict[CheckoutId, int] = {}
        self.variant = self.run(self.store.receive(4))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def live(self, *, but: CheckoutId | None = None) -> int:
        now = self.store.clock.at
        return sum(q for key, (q, until) in self.held.items() if until > now and key != but)

    @rule(quantity=st.integers(1, 3))
    def reserve(self, quantity: int) -> None:
        buyer = checkout()
        done = self.run(self.store.reserve({self.variant: quantity}, buyer))
        assert done.ok == (self.on_hand - self.live() >= quantity)
        if done.ok:
            self.held[buyer] = (quantity, self.store.clock.at + HOLD)

    @rule(data=st.data())
    def allocate(self, data: st.DataObject) -> None:
        if not self.held:
            return
        buyer = data.draw(st.sampled_from(sorted(self.held)))
        quantity, until = self.held[buyer]
        others = 0 if until > self.store.clock.at else self.live(but=buyer)
        done = self.run(self.store.allocate(buyer))
        assert done == (self.on_hand - others >= quantity)
        if done:
            del self.held[buyer]
            self.sold[buyer] = quantity
            self.on_hand -= quantity

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        known = sorted({*self.held, *self.sold})
        if known:
            buyer = data.draw(st.sampled_from(known))
            self.run(self.store.release(buyer))
            self.held.pop(buyer, None)
            self.on_hand += self.sold.pop(buyer, 0)

    @rule(quantity=st.integers(-3, 3).filter(bool))
    def correct(self, quantity: int) -> None:
        if self.on_hand + quantity >= 0:
            self.run(self.store.receive(quantity, self.variant))
            self.on_hand += quantity

    @rule(minutes=st.sampled_from([5, 15]))
    def wait(self, minutes: int) -> None:
        self.store.clock.at += timedelta(minutes=minutes)

    @invariant()
    def the_level_is_what_the_model_says(self) -> None:
        found = self.run(self.store.service.available([self.variant]))
        assert found[self.variant] == max(0, self.on_hand - self.live())


def test_any_history_keeps_the_books_straight(settings: Settings) -> None:
    with asyncio.Runner() as runner:
        shop = compose(settings)
        Stock.runner = runner
        Stock.store = Store(shop.context)
        try:
            run_state_machine_as_test(
                Stock,
                settings=hypothesis_settings(
                    max_examples=12,
                    stateful_step_count=14,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(shop.close())
    with psycopg.connect(settings.dsn) as connection:
        wrong = connection.execute(
            "SELECT l.variant_id FROM inventory.levels l WHERE l.on_hand <>"
            " (SELECT sum(quantity) FROM inventory.movements m WHERE m.variant_id = l.variant_id)"
        ).fetchall()
    assert wrong == []

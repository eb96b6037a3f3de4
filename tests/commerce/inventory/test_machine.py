"""Any history of holds, promises, backorders, shipments, purchases and lapses, against a model."""

import asyncio
import os
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bodega.apps.compose import compose
from bodega.backbone.settings import Settings
from bodega.commerce.inventory.domain import MAIN_ID
from bodega.commerce.inventory.errors import MoreThanExpected, NotReleasedYet, StockSpokenFor
from bodega.commerce.inventory.service import WarehouseService
from bodega.contracts.inventory import Pick
from bodega.kernel.ids import CheckoutId, PurchaseId
from tests.commerce.inventory.store import HOLD, Store, checkout, wrong_levels

T = TypeVar("T")
OPENING = 4
SOAK = bool(os.environ.get("BODEGA_SOAK"))
units = st.integers(1, 3)


class Stock(RuleBasedStateMachine):
    """The model knows one variant over two locations by its sums."""

    runner: asyncio.Runner
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.on_hand = 2 * OPENING
        self.held: dict[CheckoutId, tuple[int, datetime]] = {}
        self.promised: dict[CheckoutId, int] = {}
        self.ahead, self.released = 0, True
        self.ordered: dict[PurchaseId, int] = {}
        self.variant = self.run(self.store.receive(OPENING))
        self.shop = next(
            place.id
            for place in self.run(self.store.service.locations())
            if place.code == "corner-shop"
        )
        self.run(self.store.receive(OPENING, self.variant, self.shop))

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    @property
    def free(self) -> int:
        now = self.store.clock.at
        live = sum(units for units, until in self.held.values() if until > now)
        return self.on_hand + 2 * self.ahead - sum(self.promised.values()) - live

    @rule(quantity=units)
    def reserve(self, quantity: int) -> None:
        buyer, free = checkout(), self.free
        done = self.run(self.store.reserve({self.variant: quantity}, buyer))
        assert done.ok == (free >= quantity)
        if done.ok:
            self.held[buyer] = (quantity, self.store.clock.at + HOLD)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), minutes=st.sampled_from([5, 30]))
    def extend(self, data: st.DataObject, minutes: int) -> None:
        buyer = data.draw(st.sampled_from(sorted(self.held)))
        quantity, until = self.held[buyer]
        later = self.store.clock.at + timedelta(minutes=minutes)
        done = self.run(self.store.service.extend(checkout_id=buyer, until=later))
        assert done == (until > self.store.clock.at)
        if done:
            self.held[buyer] = (quantity, max(until, later))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def allocate(self, data: st.DataObject) -> None:
        buyer = data.draw(st.sampled_from(sorted(self.held)))
        quantity, until = self.held[buyer]
        free = self.free + (quantity if until > self.store.clock.at else 0)
        done = self.run(self.store.allocate(buyer))
        assert done == (free >= quantity)
        if done:
            del self.held[buyer]
            self.promised[buyer] = quantity

    @precondition(lambda self: self.promised)
    @rule(data=st.data(), quantity=units)
    def add(self, data: st.DataObject, quantity: int) -> None:
        buyer, free = data.draw(st.sampled_from(sorted(self.promised))), self.free
        done = self.run(self.store.add(buyer, {self.variant: quantity}))
        assert done.ok == (free >= quantity)
        if done.ok:
            self.promised[buyer] += quantity

    @precondition(lambda self: any(self.promised.values()))
    @rule(data=st.data(), send=st.booleans())
    def send_or_take_back(self, data: st.DataObject, send: bool) -> None:
        buyer = data.draw(st.sampled_from(sorted(key for key, n in self.promised.items() if n)))
        if send:
            quantity = self._send(buyer, data.draw(st.integers(1, self.promised[buyer])))
        else:
            quantity = data.draw(st.integers(1, self.promised[buyer]))
            self.run(self.store.take_back(buyer, {self.variant: quantity}))
        self.promised[buyer] -= quantity

    def _send(self, buyer: CheckoutId, quantity: int) -> int:
        """As many as are there and released; how many were sent."""
        picks = self._some(buyer, quantity)
        sent = sum(pick.quantity for pick in picks)
        if sent and not self.released:
            with pytest.raises(NotReleasedYet):
                self.run(self.store.send(buyer, *picks))
            return 0
        if sent:
            self.run(self.store.send(buyer, *picks))
            self.on_hand -= sent
        return sent

    def _some(self, buyer: CheckoutId, quantity: int) -> list[Pick]:
        picks = []
        for pick in self.run(self.store.picks(buyer)):
            part = min(quantity, pick.quantity)
            if part:
                picks.append(pick.model_copy(update={"quantity": part}))
            quantity -= part
        return picks

    @precondition(lambda self: self.held or self.promised)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        buyer = data.draw(st.sampled_from(sorted({*self.held, *self.promised})))
        self.run(self.store.release(buyer))
        self.held.pop(buyer, None)
        self.promised.pop(buyer, None)

    @rule(quantity=units, shop=st.booleans())
    def receive(self, quantity: int, shop: bool) -> None:
        at = self.shop if shop else MAIN_ID
        self.run(self.store.receive(quantity, self.variant, at))
        self.on_hand += quantity

    @rule(quantity=units, back=st.booleans(), data=st.data())
    def transfer(self, quantity: int, back: bool, data: st.DataObject) -> None:
        source, destination = (self.shop, MAIN_ID) if back else (MAIN_ID, self.shop)
        arrived = data.draw(st.integers(0, quantity))
        try:
            self.run(self.store.transfer(self.variant, quantity, source, destination, arrived))
        except StockSpokenFor:
            return
        self.on_hand -= quantity - arrived

    @rule(difference=st.integers(-2, 2), shop=st.booleans())
    def count(self, difference: int, shop: bool) -> None:
        """Only what nobody was promised or holds may turn out to be missing here."""
        at = self.shop if shop else MAIN_ID
        detail = self.run(self.store.detail(self.variant, at))
        if detail.on_hand + difference >= detail.allocated + detail.held:
            found = detail.on_hand + difference
            self.run(self.store.count(self.variant, at, found))
            self.on_hand += difference

    @rule(more=st.integers(1, 2), preorder=st.booleans())
    def sell_ahead(self, more: int, preorder: bool) -> None:
        """Units that may be promised at either location before they are there."""
        self.ahead += more
        self.released = not preorder
        self.store.allow(self.variant, self.ahead, until="2099-01-01" if preorder else None)

    @rule(quantity=units, shop=st.booleans())
    def order_goods(self, quantity: int, shop: bool) -> None:
        at = self.shop if shop else MAIN_ID
        self.ordered[self.run(self.store.purchase(self.variant, quantity, at))] = quantity

    @precondition(lambda self: self.ordered)
    @rule(data=st.data(), quantity=st.integers(1, 4))
    def goods_arrive(self, data: st.DataObject, quantity: int) -> None:
        """In parts, and never more than was ordered."""
        purchase = data.draw(st.sampled_from(sorted(self.ordered)))
        if quantity > self.ordered[purchase]:
            with pytest.raises(MoreThanExpected):
                self.run(self.store.deliver(purchase, self.variant, quantity))
            return
        self.run(self.store.deliver(purchase, self.variant, quantity))
        self.on_hand += quantity
        self.ordered[purchase] -= quantity
        if not self.ordered[purchase]:
            del self.ordered[purchase]

    @rule(minutes=st.sampled_from([5, 15]))
    def wait(self, minutes: int) -> None:
        self.store.clock.at += timedelta(minutes=minutes)

    @invariant()
    def the_figures_are_what_the_model_says(self) -> None:
        expected = (self.on_hand, sum(self.promised.values()), self.free)
        assert self.run(self.store.figures(self.variant)) == expected
        assert min(expected) >= 0

    @invariant()
    def orders_have_what_they_were_promised(self) -> None:
        for buyer, quantity in self.promised.items():
            found = self.run(self.store.service.allocations(buyer))
            assert sum(item.quantity for item in found) == quantity
            assert self.ahead or not any(item.backordered for item in found)

    def teardown(self) -> None:
        assert wrong_levels(self.store.settings) == []
        assert self.run(WarehouseService(self.store.context).check()).ok
        tables = "allocations reservations levels movements transfers counts purchases"
        names = ", ".join(f"inventory.{table}" for table in tables.split())
        self.store.execute(f"TRUNCATE {names} CASCADE")


def test_any_history_keeps_the_books_straight(settings: Settings) -> None:
    with asyncio.Runner() as runner:
        shop = compose(settings)
        Stock.runner = runner
        Stock.store = Store(shop.context)
        runner.run(Stock.store.location("corner-shop", priority=200))
        Stock.store.supplier()
        try:
            run_state_machine_as_test(
                Stock,
                settings=hypothesis_settings(
                    max_examples=300 if SOAK else 12,
                    stateful_step_count=40 if SOAK else 16,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(shop.close())

"""The whole checkout as a state machine: whatever buyers, staff, time, crashes and the provider do,
stock, orders and money agree."""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from bodega.apps.compose import compose
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.service import CheckoutService, CheckoutWorkflows
from bodega.commerce.orders import handlers as orders
from bodega.commerce.payments import handlers as payments
from bodega.contracts.inventory import Inventory
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.events import Envelope
from bodega.kernel.ids import CheckoutId, CommandId, UserId, VariantId, new_id
from bodega.kernel.money import Money
from tests.commerce.checkout.after import CHAINS, DEEDS, AfterTheSale, Deed, mortal_desk
from tests.commerce.checkout.challenges import Challenged
from tests.commerce.checkout.crashes import DRIVEN, Killed, Mortal
from tests.commerce.checkout.shops import DECLINED, LAPSE, Shop
from tests.kit.books import AFTER_THE_SALE, ALWAYS, CAUGHT_UP, SETTLED, broken
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider

T = TypeVar("T")
STAFF = UserId(new_id())
GOODS = ((1, 599), (6, 599), (6, 399), (6, 950))  # units, price
SOAK = int(os.environ.get("BODEGA_SOAK", "0"))  # above 1: so many examples
EXAMPLES = 300 if SOAK == 1 else SOAK or 5


class SomeChallenged(Challenged):
    """Only who says where to come back to is sent to the bank."""

    def __init__(self, real: Payments) -> None:
        super().__init__(real)
        self.done: set[CheckoutId] = set()

    async def authorise(
        self, *, checkout_id: CheckoutId, amount: Money, **request: Any
    ) -> PaymentView:
        if request.get("return_url") is None:
            return await self._real.authorise(checkout_id=checkout_id, amount=amount, **request)
        return await super().authorise(checkout_id=checkout_id, amount=amount, **request)

    async def confirm(self, *, checkout_id: CheckoutId) -> PaymentView:
        if checkout_id not in self._asked:
            return await self._real.confirm(checkout_id=checkout_id)
        self.acted = checkout_id in self.done
        return await super().confirm(checkout_id=checkout_id)


@dataclass(frozen=True)
class Purchase:
    checkout: CheckoutId
    request: Any


class Checkout(RuleBasedStateMachine):
    """`settings` and `provider` are set by the test."""

    settings: Settings
    provider: RunningProvider
    heard: int
    goods = Bundle("goods")
    purchases = Bundle("purchases")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.began = datetime.now(UTC)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(target=goods)
    def open(self) -> Any:
        self.composed = self.run(self._compose())
        self.context = self.composed.context
        self.shop = Shop(self.context, self.provider)
        self.bank = SomeChallenged(self.context.container.get(Payments))
        mortal = Mortal(self.bank, DRIVEN[Payments], self.shop.doom)
        self.shop.mortal.container.bind(Payments, mortal)
        self.flows = CheckoutWorkflows(self.shop.mortal)
        till = self.context.container.get(Payments)
        desk = mortal_desk(self.context, self.shop.mortal, till, self.shop.doom)
        self.sold = AfterTheSale(desk, self.context)
        return multiple(*(self.run(self._stocked(*goods)) for goods in GOODS))

    async def _stocked(self, units: int, price: int) -> VariantId:
        worth = Money(amount=price, currency="GBP")
        return await stocked(self.context, units, price=worth)

    async def _compose(self) -> Any:
        return compose(self.settings)

    @property
    def till(self) -> CheckoutService:
        return CheckoutService(self.shop.mortal)

    def fated(self, dies_after: int | None, work: Coroutine[Any, Any, T]) -> T | None:
        """Do it, in a process that may be killed on the way."""
        doom = self.shop.doom
        doom.passed, doom.at = 0, () if dies_after is None else (dies_after,)
        try:
            return self.run(work)
        except Killed:
            return None
        finally:
            doom.at = ()

    fate = st.one_of(st.none(), st.none(), st.integers(1, 14))

    @rule(
        target=purchases,
        variant=goods,
        asked=st.tuples(
            st.integers(1, 2),
            st.sampled_from(["pm_card_visa", "pm_card_visa", DECLINED]),
            st.sampled_from(["accept", "accept", "accept", "review", "refuse"]),
        ),
        challenged=st.booleans(),
        dies_after=fate,
    )
    def buy(
        self, variant: VariantId, asked: Any, challenged: bool, dies_after: int | None
    ) -> Purchase:
        quantity, token, decision = asked
        cart = self.run(filled_cart(self.context, variant, quantity=quantity))
        back = "https://shop.test/back" if challenged else None
        bought = Purchase(CheckoutId(new_id()), purchase(cart, token=token, return_url=back))
        self.shop.scorer.decision = decision
        self.fated(dies_after, self._submit(bought))
        return bought

    @rule(
        target=purchases,
        variant=goods,
        other=goods,
        chains=st.lists(st.sampled_from(CHAINS), min_size=1, max_size=2),
        dies_after=fate,
    )
    def sell_and_change(
        self, variant: VariantId, other: VariantId, chains: list[list[Deed]], dies_after: int | None
    ) -> Purchase:
        """Without any trouble, if the goods are there; what is wanted then is another matter."""
        cart = self.run(filled_cart(self.context, variant))
        bought = Purchase(CheckoutId(new_id()), purchase(cart))
        self.shop.scorer.decision = "accept"
        self.run(self._submit(bought))
        for chain in chains:
            self.after_the_sale(bought, chain, other, True, dies_after)
        return bought

    async def _submit(self, bought: Purchase) -> Any:
        return await self.till.submit(
            checkout_id=bought.checkout, request=bought.request, customer_id=None
        )

    @rule(bought=purchases, dies_after=fate)
    def send_again(self, bought: Purchase, dies_after: int | None) -> None:
        view = self.run(self.till.checkout(bought.checkout))
        if view is not None and view.state not in ("running", "undoing"):
            self.fated(dies_after, self._submit(bought))

    @rule(bought=purchases, dies_after=fate)
    def come_back(self, bought: Purchase, dies_after: int | None) -> None:
        view = self.run(self.till.checkout(bought.checkout))
        if view is not None and view.waiting_for == "buyer":
            self.bank.done.add(bought.checkout)
            self.fated(dies_after, self.till.proceed(bought.checkout))

    @rule(bought=purchases, accept=st.booleans(), dies_after=fate)
    def review(self, bought: Purchase, accept: bool, dies_after: int | None) -> None:
        view = self.run(self.till.checkout(bought.checkout))
        if view is None or view.waiting_for != "review":
            return
        self.fated(
            dies_after,
            self.till.review(bought.checkout, accept=accept, reviewer=STAFF, note=""),
        )

    @rule(bought=purchases)
    def cancel(self, bought: Purchase) -> None:
        self.run(self.flows.cancel(str(bought.checkout)))

    @rule(where=st.sampled_from(["payment_intents", "/capture", "/cancel", "refunds"]))
    def provider_answers_are_lost(self, where: str) -> None:
        self.provider.line.cut("lost", where, times=2)

    @rule(variant=goods, units=st.integers(1, 2))
    def receive(self, variant: VariantId, units: int) -> None:
        self.run(
            self.context.container.get(Inventory).receive(
                command_id=CommandId(new_id()), variant_id=variant, quantity=units, reason="more"
            )
        )

    @rule()
    def holds_lapse(self) -> None:
        with psycopg.connect(self.settings.dsn) as connection:
            connection.execute(
                "UPDATE inventory.reservations SET expires_at = now() WHERE status = 'held'"
            )

    @rule(bought=purchases)
    def hear_of_money(self, bought: Purchase) -> None:
        self.run(self.sold.hear_of_money(bought.checkout))

    @rule(
        bought=purchases,
        deeds=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=4),
        other=goods,
        last=st.booleans(),
        dies_after=fate,
    )
    def change(
        self,
        bought: Purchase,
        deeds: list[Deed],
        other: VariantId,
        last: bool,
        dies_after: int | None,
    ) -> None:
        self.after_the_sale(bought, deeds, other, last, dies_after)

    def after_the_sale(
        self,
        bought: Purchase,
        deeds: list[Deed],
        other: VariantId,
        last: bool,
        dies_after: int | None,
    ) -> None:
        self.run(self.sold.hear_of_money(bought.checkout))
        for deed in deeds:
            self.fated(dies_after, self.sold.do(deed, bought.checkout, other, last=last))

    @rule(hours=st.sampled_from([0, 0, 1, 130]), dies_after=fate)
    def time_passes(self, hours: int, dies_after: int | None) -> None:
        self.shop.clock.at += LAPSE + timedelta(hours=hours)
        self.fated(dies_after, self.till.resume())
        self.fated(dies_after, self.sold.after.resume())

    @invariant()
    def always(self) -> None:
        assert broken(self.settings.dsn, ALWAYS) == {}

    def teardown(self) -> None:
        try:
            if hasattr(self, "shop"):
                self.settle()
        finally:
            if hasattr(self, "composed"):
                self.run(self.composed.close())
            self.loop.close()

    def settle(self) -> None:
        """Everybody is well again, and all time has passed: nothing may be left half done."""
        self.provider.line.mend()
        for _ in range(6):
            self.shop.clock.at += timedelta(hours=130)
            self.run(self.till.resume())
            self.run(self.sold.after.resume())
        Checkout.heard = self.run(hear_everything(self.context, since=Checkout.heard))
        assert broken(self.settings.dsn, ALWAYS, SETTLED, AFTER_THE_SALE, CAUGHT_UP) == {}
        self.same_money_at_the_provider()

    def same_money_at_the_provider(self) -> None:
        """Of the payments since this example began: the provider lists its newest only."""
        with psycopg.connect(self.settings.dsn) as connection:
            ours = connection.execute(
                "SELECT id, status, amount_amount FROM payments.payments WHERE occurred_at > %s",
                [self.began],
            ).fetchall()
        for payment_id, status, amount in ours:
            taken = [item["amount_received"] for item in self.provider.intents(payment_id)]
            if status == "captured":
                assert taken == [amount]
            held = [item["status"] for item in self.provider.intents(payment_id)]
            assert "requires_capture" not in held


async def hear_everything(context: Context, *, since: int) -> int:
    """Orders and payments catch up with what was told; until where."""
    news = text("SELECT * FROM backbone.outbox WHERE id > :since ORDER BY id")
    async with context.database.reading() as connection:
        told = (await connection.execute(news, {"since": since})).all()
    for row in told:
        envelope = Envelope.model_validate(dict(row._mapping))
        for handler in (*orders.HANDLERS, *payments.HANDLERS):
            kinds = {kind.type: kind for kind in handler.events}
            if row.type in kinds:
                event = kinds[row.type].model_validate(row.payload)
                async with context.database.work() as uow:
                    await handler.react(context, uow, envelope, event)
    return told[-1].id if told else since


def test_whatever_happens_stock_orders_and_money_agree(
    settings: Settings, provider: RunningProvider
) -> None:
    Checkout.settings, Checkout.provider, Checkout.heard = settings, provider, 0
    run_state_machine_as_test(
        Checkout,
        settings=hypothesis_settings(
            max_examples=EXAMPLES,
            stateful_step_count=40 if SOAK else 12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

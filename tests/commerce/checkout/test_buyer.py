"""A bank that asks the buyer first: the saga rests until the buyer is back, or never comes."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.handlers import buyer_acted
from bodega.contracts.checkout import CheckoutView
from bodega.contracts.inventory import Inventory
from bodega.contracts.payments import PaymentActionDone, Payments
from bodega.kernel.events import Envelope
from bodega.kernel.ids import CheckoutId, PaymentId, new_id
from tests.commerce.checkout.challenges import BANK, Challenged
from tests.commerce.checkout.crashes import DRIVEN, Killed, Mortal
from tests.commerce.checkout.shops import DECLINED, STOCK, Shop, rows, types
from tests.kit.goods import level, purchase
from tests.kit.provider import RunningProvider

BACK = "https://shop.test/back"


class Bank(Shop):
    """A shop whose payments are challenged."""

    async def open(self, quantity: int = 1) -> "Bank":
        self.payments = Challenged(self.context.container.get(Payments))
        mortal = Mortal(self.payments, DRIVEN[Payments], self.doom)
        self.mortal.container.bind(Payments, mortal)
        await super().open(quantity)
        return self

    async def buy(self, token: str = "pm_card_visa") -> CheckoutView:
        return await self.submit(purchase(self.cart, token=token, return_url=BACK))

    async def back(self) -> CheckoutView:
        view = await self.service.proceed(self.checkout)
        assert view is not None
        return view


@pytest.fixture
async def bank(context: Context, provider: RunningProvider) -> Bank:
    return await Bank(context, provider).open()


async def test_the_buyer_is_sent_to_the_bank_and_the_goods_are_kept(
    bank: Bank, settings: Settings
) -> None:
    view = await bank.buy()
    assert (view.state, view.waiting_for, view.action_url) == ("waiting", "buyer", BANK)
    assert types(settings) == []
    [(until,)] = rows(settings, "SELECT expires_at FROM inventory.reservations")
    wanted = bank.clock.at + timedelta(minutes=settings.checkout_buyer_minutes)
    assert until >= wanted - timedelta(seconds=1)


async def test_back_from_the_bank_the_order_is_placed(bank: Bank, settings: Settings) -> None:
    await bank.buy()
    bank.payments.acted = True
    view = await bank.back()
    assert (view.state, view.waiting_for, view.action_url) == ("completed", None, None)
    await bank.check_placed()
    assert await bank.back() == view
    assert types(settings) == ["checkout.completed"]


async def test_back_too_early_still_waits(bank: Bank) -> None:
    first = await bank.buy()
    assert await bank.back() == first
    assert await bank.buy() == first


async def test_a_card_declined_at_the_bank_undoes_everything(bank: Bank) -> None:
    await bank.buy(DECLINED)
    bank.payments.acted = True
    view = await bank.back()
    assert (view.state, view.decline_code) == ("failed", "insufficient_funds")
    await bank.check_undone()


async def test_a_buyer_who_never_comes_back_is_not_waited_for(
    bank: Bank, settings: Settings
) -> None:
    await bank.buy()
    assert (await bank.restart()).state == "waiting"
    view = await bank.restart(timedelta(minutes=settings.checkout_buyer_minutes))
    assert (view.state, view.failure_code) == ("failed", "payment_not_confirmed")
    assert (await level(bank.context, bank.variant)).available == STOCK
    assert types(settings) == ["checkout.failed"]


async def test_a_buyer_who_acted_and_closed_the_window_has_bought(bank: Bank) -> None:
    await bank.buy()
    bank.payments.acted = True
    assert (await bank.restart()).state == "completed"
    await bank.check_placed()


async def test_the_providers_word_wakes_the_saga(bank: Bank) -> None:
    await bank.buy()
    bank.payments.acted = True
    event = PaymentActionDone(payment_id=PaymentId(new_id()), checkout_id=bank.checkout)
    envelope = Envelope(
        event_id=new_id(),
        type=event.type,
        version=1,
        key=event.key,
        occurred_at=datetime.now(UTC),
        correlation_id="test",
        actor="test",
        payload={},
    )
    async with bank.context.database.work() as uow:
        await buyer_acted(bank.mortal, uow, envelope, event)
    assert (await bank.restart(timedelta(seconds=2))).state == "completed"


async def test_two_windows_come_back_at_once(bank: Bank, settings: Settings) -> None:
    await bank.buy()
    bank.payments.acted = True
    views = await asyncio.gather(*(bank.back() for _ in range(3)))
    await bank.check_placed()
    assert {view.order_number for view in views if view.state == "completed"} == {1001}
    assert types(settings) == ["checkout.completed"]


async def test_a_purchase_in_doubt_waits_for_both(bank: Bank) -> None:
    bank.scorer.decision = "review"
    assert (await bank.buy()).waiting_for == "buyer"
    bank.payments.acted = True
    assert (await bank.back()).waiting_for == "review"


@pytest.mark.parametrize("point", range(3, 12))
async def test_a_crash_anywhere_around_the_bank_ends_in_a_placed_order(
    bank: Bank, settings: Settings, point: int
) -> None:
    bank.doom.at = [point]
    try:
        await bank.buy()
        bank.payments.acted = True
        await bank.back()
    except Killed:
        bank.payments.acted = True
        await bank.restart()
        await bank.restart()
    await bank.check_placed()
    assert types(settings) == ["checkout.completed"]


async def test_a_provider_that_is_away_keeps_the_goods(bank: Bank, settings: Settings) -> None:
    bank.payments.acted = True
    bank.provider.line.cut("lost")
    assert (await bank.buy()).state == "running"
    for _ in range(4):
        await bank.restart()
    [(until,)] = rows(settings, "SELECT expires_at FROM inventory.reservations")
    assert until > bank.clock.at
    bank.provider.line.mend()
    assert (await bank.restart()).state == "completed"
    inventory = bank.context.container.get(Inventory)
    assert (await inventory.available([bank.variant]))[bank.variant] == STOCK - 1


async def test_nobody_comes_back_to_an_unknown_checkout(bank: Bank) -> None:
    assert await bank.service.proceed(CheckoutId(new_id())) is None

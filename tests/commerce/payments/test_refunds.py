"""Refunds: in parts, once a command, never above what was captured, settled by asking."""

import asyncio
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.errors import (
    AmountInvalid,
    NothingCaptured,
    PaymentUnknown,
    ProviderUnreachable,
    RefundChanged,
    RefundTooLarge,
)
from bodega.commerce.payments.service.refunds import RefundDesk
from bodega.contracts.books import Books
from bodega.contracts.payments import Payments, RefundView
from bodega.kernel.ids import CheckoutId, CommandId, new_id
from bodega.kernel.money import Money
from tests.kit.provider import RunningProvider


def gbp(amount: int) -> Money:
    return Money(amount=amount, currency="GBP")


class Till:
    """One captured payment of 20.00 and the way back."""

    def __init__(self, payments: Payments, provider: RunningProvider) -> None:
        self.payments, self.provider = payments, provider
        self.checkout = CheckoutId(new_id())

    async def take(self, token: str = "pm_card_visa", capture: Money | None = None) -> "Till":
        await self.payments.authorise(
            checkout_id=self.checkout, amount=gbp(2000), payment_token=token
        )
        await self.payments.capture(checkout_id=self.checkout, amount=capture)
        return self

    async def back(self, amount: Money, command: CommandId | None = None) -> RefundView:
        return await self.payments.refund(
            command_id=command or CommandId(new_id()),
            checkout_id=self.checkout,
            amount=amount,
            reason="a torn sleeve",
        )

    async def returned(self) -> list[int]:
        payment = await self.payments.payment(self.checkout)
        assert payment is not None
        [intent] = await asyncio.to_thread(self.provider.intents, payment.id)
        listed = await asyncio.to_thread(
            self.provider.ask, "GET", "/v1/refunds", payment_intent=intent["id"]
        )
        return [item["amount"] for item in listed.json()["data"]]


@pytest.fixture
def till(context: Context, provider: RunningProvider) -> Till:
    return Till(context.container.get(Payments), provider)


def told(settings: Settings) -> list[str]:
    with psycopg.connect(settings.dsn) as connection:
        rows = connection.execute("SELECT type FROM backbone.outbox ORDER BY id").fetchall()
    return [row[0] for row in rows]


async def test_money_goes_back_in_parts_until_none_is_left(till: Till, settings: Settings) -> None:
    await till.take()
    first, rest = await till.back(gbp(500)), await till.back(gbp(1500))
    assert (first.status, rest.status) == ("succeeded", "succeeded")
    assert await till.returned() == [1500, 500]
    with pytest.raises(RefundTooLarge):
        await till.back(gbp(1))
    payment = await till.payments.payment(till.checkout)
    assert payment is not None
    assert payment.refunded == gbp(2000)
    assert told(settings).count("payments.payment_refunded") == 2


async def test_a_refund_is_in_the_ledger_and_on_the_record(till: Till, context: Context) -> None:
    await till.take()
    refund = await till.back(gbp(700))
    balances = {
        item.account: item.balance for item in await context.container.get(Books).balances()
    }
    assert balances["refunds"] == 700
    assert balances["provider_clearing"] == 1300
    record = await till.payments.record(refund.payment_id)
    assert record is not None
    steps = [step.after for step in record.transitions if step.refund_id == refund.id]
    assert steps == ["pending", "succeeded"]


async def test_the_same_command_gives_back_once(till: Till) -> None:
    await till.take()
    command = CommandId(new_id())
    both = await asyncio.gather(till.back(gbp(500), command), till.back(gbp(500), command))
    assert both[0].id == both[1].id
    assert await till.returned() == [500]
    with pytest.raises(RefundChanged):
        await till.back(gbp(600), command)


async def test_two_at_once_never_exceed_the_capture(till: Till) -> None:
    await till.take()
    both = await asyncio.gather(till.back(gbp(1500)), till.back(gbp(1500)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["RefundTooLarge", "RefundView"]
    assert await till.returned() == [1500]


async def test_no_more_than_a_partial_capture_goes_back(till: Till) -> None:
    await till.take(capture=gbp(800))
    with pytest.raises(RefundTooLarge):
        await till.back(gbp(801))
    assert (await till.back(gbp(800))).status == "succeeded"


async def test_there_must_be_something_to_give_back(till: Till) -> None:
    with pytest.raises(PaymentUnknown):
        await till.back(gbp(1))
    await till.payments.authorise(
        checkout_id=till.checkout, amount=gbp(2000), payment_token="pm_card_visa"
    )
    with pytest.raises(NothingCaptured):
        await till.back(gbp(1))


@pytest.mark.parametrize("amount", [gbp(0), gbp(-5), Money(amount=5, currency="EUR")])
async def test_an_amount_is_above_zero_in_the_payments_currency(till: Till, amount: Money) -> None:
    await till.take()
    with pytest.raises(AmountInvalid):
        await till.back(amount)


async def test_a_lost_answer_is_found_by_asking(till: Till) -> None:
    await till.take()
    till.provider.line.cut("lost", "POST /v1/refunds", times=2)
    assert (await till.back(gbp(500))).status == "succeeded"
    assert await till.returned() == [500]


async def test_a_silent_provider_is_asked_again_by_the_sweep(
    till: Till, context: Context, settings: Settings
) -> None:
    await till.take()
    till.provider.line.cut("lost", "/v1/refunds")
    with pytest.raises(ProviderUnreachable):
        await till.back(gbp(500))
    till.provider.line.mend()
    [pending] = await till.payments.refunds(till.checkout)
    assert pending.status == "pending"
    await swept(context, settings)
    [settled] = await till.payments.refunds(till.checkout)
    assert settled.status == "succeeded"
    assert await till.returned() == [500]


async def test_a_refund_the_provider_refuses_has_failed(till: Till) -> None:
    await till.take()
    payment = await till.payments.payment(till.checkout)
    assert payment is not None
    [intent] = await asyncio.to_thread(till.provider.intents, payment.id)
    await asyncio.to_thread(till.provider.ask, "POST", "/v1/refunds", payment_intent=intent["id"])
    refused = await till.back(gbp(500))
    assert (refused.status, refused.failure_code) == ("failed", "charge_already_refunded")


async def test_a_charge_in_dispute_is_not_refunded(till: Till) -> None:
    await till.take("pm_card_createDispute")
    refused = await till.back(gbp(500))
    assert (refused.status, refused.failure_code) == ("failed", "charge_disputed")


async def test_a_charge_whose_dispute_was_won_is_refunded_again(till: Till) -> None:
    await till.take("pm_card_createDispute")
    payment = await till.payments.payment(till.checkout)
    assert payment is not None
    ask = partial(asyncio.to_thread, till.provider.ask)
    [intent] = await asyncio.to_thread(till.provider.intents, payment.id)
    listed = await ask("GET", "/v1/disputes", payment_intent=intent["id"])
    [dispute] = listed.json()["data"]
    won = {"evidence[uncategorized_text]": "winning_evidence"}
    await ask("POST", f"/v1/disputes/{dispute['id']}", **won)
    assert (await till.back(gbp(500))).status == "succeeded"


async def test_a_pending_refund_waits_for_the_bank(
    till: Till, context: Context, settings: Settings
) -> None:
    await till.take("pm_card_pendingRefund")
    assert (await till.back(gbp(500))).status == "pending"
    with pytest.raises(RefundTooLarge):
        await till.back(gbp(1501))
    payment = await till.payments.payment(till.checkout)
    assert payment is not None
    assert payment.refunded is None
    assert "payments.payment_refunded" not in told(settings)


async def swept(context: Context, settings: Settings) -> None:
    """The sweep, once the silence has lasted long enough."""
    with psycopg.connect(settings.dsn) as connection:
        connection.execute(
            "UPDATE payments.refunds SET known_at = now() - %s::interval", [timedelta(minutes=5)]
        )
    providers = Providers(settings)
    await RefundDesk(context, providers).settle_pending()
    await providers.aclose()

"""Payments against the double: lost answers are asked after, money is held and taken once."""

import asyncio
from typing import Any

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.errors import AmountChanged, PaymentUnknown, ProviderUnreachable
from bodega.commerce.payments.service import PaymentsService
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, new_id
from bodega.kernel.money import Money
from tests.kit.provider import RunningProvider

AMOUNT = Money(amount=1999, currency="GBP")
VISA = "pm_card_visa"


class Payer:
    """One checkout's payment."""

    def __init__(self, payments: Payments, provider: RunningProvider) -> None:
        self.payments, self.provider = payments, provider
        self.checkout = CheckoutId(new_id())

    async def authorise(self, token: str = VISA, amount: Money = AMOUNT) -> PaymentView:
        return await self.payments.authorise(
            checkout_id=self.checkout, amount=amount, payment_token=token
        )

    async def capture(self) -> PaymentView:
        return await self.payments.capture(checkout_id=self.checkout)

    async def void(self) -> PaymentView | None:
        return await self.payments.void(checkout_id=self.checkout)

    async def intents(self) -> list[dict[str, Any]]:
        payment = await self.payments.payment(self.checkout)
        assert payment is not None
        return await asyncio.to_thread(self.provider.intents, payment.id)

    async def history(self) -> list[str]:
        payment = await self.payments.payment(self.checkout)
        assert payment is not None
        record = await self.payments.record(payment.id)
        assert record is not None
        return [step.after for step in record.transitions]


@pytest.fixture
def payer(context: Context, provider: RunningProvider) -> Payer:
    return Payer(context.container.get(Payments), provider)


def published(settings: Settings) -> list[str]:
    with psycopg.connect(settings.dsn) as connection:
        rows = connection.execute("SELECT type FROM backbone.outbox ORDER BY id").fetchall()
    return [row[0] for row in rows]


async def test_a_good_card_is_held_then_charged(payer: Payer, settings: Settings) -> None:
    assert (await payer.authorise()).status == "authorised"
    assert (await payer.capture()).status == "captured"
    [intent] = await payer.intents()
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 1999)
    assert await payer.history() == ["authorising", "authorised", "capturing", "captured"]
    assert published(settings) == ["payments.payment_captured"]


async def test_staff_see_the_card_but_never_its_token(payer: Payer, settings: Settings) -> None:
    payment = await payer.authorise("pm_card_amex")
    record = await payer.payments.record(payment.id)
    assert record is not None
    assert (record.provider, record.card_brand, record.card_last4) == ("stripe", "amex", "8431")
    with psycopg.connect(settings.dsn) as connection:
        token = connection.execute("SELECT payment_token FROM payments.payments").fetchone()
    assert token == (None,)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_authenticationRequired", "authentication_required"),
        ("pm_card_of_nobody", "resource_missing"),
    ],
)
async def test_a_bad_card_is_declined_for_good(payer: Payer, token: str, code: str) -> None:
    declined = await payer.authorise(token)
    assert (declined.status, declined.failure_code) == ("declined", code)
    assert await payer.authorise(token) == declined
    assert (await payer.capture()).status == "declined"
    assert await payer.void() == declined


async def test_too_small_an_amount_is_declined(payer: Payer) -> None:
    declined = await payer.authorise(amount=Money(amount=29, currency="GBP"))
    assert (declined.status, declined.failure_code) == ("declined", "amount_too_small")


async def test_nothing_to_pay_needs_no_provider(payer: Payer) -> None:
    payer.provider.line.cut("refused")
    assert (await payer.authorise(amount=Money.zero("GBP"))).status == "authorised"
    assert (await payer.capture()).status == "captured"
    voided = await payer.void()
    assert voided is not None
    assert voided.status == "voided"
    assert payer.provider.line.seen == 0


async def test_authorising_again_holds_once(payer: Payer) -> None:
    first = await payer.authorise()
    assert await payer.authorise() == first
    assert len(await payer.intents()) == 1


async def test_another_amount_is_another_payment(payer: Payer) -> None:
    await payer.authorise()
    with pytest.raises(AmountChanged):
        await payer.authorise(amount=Money(amount=2000, currency="GBP"))


async def test_a_double_capture_takes_the_money_once(payer: Payer, settings: Settings) -> None:
    await payer.authorise()
    both = await asyncio.gather(payer.capture(), payer.capture())
    assert [view.status for view in both] == ["captured", "captured"]
    [intent] = await payer.intents()
    assert intent["amount_received"] == 1999
    assert published(settings) == ["payments.payment_captured"]


async def test_voiding_lets_a_hold_go(payer: Payer, settings: Settings) -> None:
    await payer.authorise()
    for _ in range(2):
        voided = await payer.void()
        assert voided is not None
        assert voided.status == "voided"
    [intent] = await payer.intents()
    assert intent["status"] == "canceled"
    assert (await payer.capture()).status == "voided"
    assert published(settings) == ["payments.payment_voided"]


async def test_voiding_gives_back_what_was_captured(payer: Payer) -> None:
    await payer.authorise()
    await payer.capture()
    voided = await payer.void()
    assert voided is not None
    assert voided.status == "voided"
    [intent] = await payer.intents()
    refunds = payer.provider.ask("GET", "/v1/refunds", payment_intent=intent["id"]).json()["data"]
    assert [item["amount"] for item in refunds] == [1999]


async def test_a_checkout_without_a_payment_has_nothing_to_void(payer: Payer) -> None:
    assert await payer.void() is None
    with pytest.raises(PaymentUnknown):
        await payer.capture()


async def test_a_lost_answer_is_found_by_asking(payer: Payer) -> None:
    payer.provider.line.cut("lost", "POST /v1/payment_intents", times=2)
    assert (await payer.authorise()).status == "authorised"
    assert payer.provider.line.seen == 2
    assert len(await payer.intents()) == 1


async def test_a_late_answer_is_found_by_asking(payer: Payer) -> None:
    payer.provider.line.cut("late", "POST /v1/payment_intents", times=2, seconds=0.8)
    assert (await payer.authorise()).status == "authorised"
    assert len(await payer.intents()) == 1


async def test_a_lost_decline_is_a_decline(payer: Payer) -> None:
    payer.provider.line.cut("lost", "POST /v1/payment_intents", times=2)
    declined = await payer.authorise("pm_card_chargeDeclinedInsufficientFunds")
    assert (declined.status, declined.failure_code) == ("declined", "insufficient_funds")


async def test_a_silent_provider_is_asked_again_later_and_never_guessed(payer: Payer) -> None:
    payer.provider.line.cut("lost")
    with pytest.raises(ProviderUnreachable):
        await payer.authorise()
    payment = await payer.payments.payment(payer.checkout)
    assert payment is not None
    assert payment.status == "authorising"
    payer.provider.line.mend()
    assert (await payer.authorise()).status == "authorised"
    assert len(await payer.intents()) == 1


async def test_a_request_that_never_arrived_is_sent_again(payer: Payer) -> None:
    payer.provider.line.cut("refused")
    with pytest.raises(ProviderUnreachable):
        await payer.authorise()
    payer.provider.line.mend()
    assert (await payer.authorise()).status == "authorised"
    assert len(await payer.intents()) == 1


async def test_an_unsettled_hold_is_made_sure_of_before_it_is_voided(payer: Payer) -> None:
    payer.provider.line.cut("lost")
    with pytest.raises(ProviderUnreachable):
        await payer.authorise()
    payer.provider.line.mend()
    voided = await payer.void()
    assert voided is not None
    assert voided.status == "voided"
    [intent] = await payer.intents()
    assert intent["status"] == "canceled"


async def test_a_lost_capture_is_settled_by_the_next_one(payer: Payer) -> None:
    await payer.authorise()
    payer.provider.line.cut("lost")
    with pytest.raises(ProviderUnreachable):
        await payer.capture()
    payer.provider.line.mend()
    assert (await payer.capture()).status == "captured"
    [intent] = await payer.intents()
    assert intent["amount_received"] == 1999


async def test_a_hold_that_the_bank_let_go_cannot_be_captured(payer: Payer) -> None:
    await payer.authorise()
    [intent] = await payer.intents()
    payer.provider.ask("POST", f"/v1/payment_intents/{intent['id']}/cancel")
    gone = await payer.capture()
    assert (gone.status, gone.failure_code) == ("voiding", "not_capturable")
    voided = await payer.void()
    assert voided is not None
    assert voided.status == "voided"


async def test_money_captured_behind_our_back_in_another_amount_is_a_conflict(
    payer: Payer, settings: Settings
) -> None:
    await payer.authorise()
    [intent] = await payer.intents()
    payer.provider.ask(
        "POST", f"/v1/payment_intents/{intent['id']}/capture", amount_to_capture="500"
    )
    conflict = await payer.capture()
    assert (conflict.status, conflict.failure_code) == ("voiding", "amount_mismatch")
    assert "payments.payment_captured" not in published(settings)
    await payer.void()
    refunds = payer.provider.ask("GET", "/v1/refunds", payment_intent=intent["id"]).json()["data"]
    assert [item["amount"] for item in refunds] == [500]


async def test_a_wrong_key_is_our_fault_and_declines_nobody(
    context: Context, settings: Settings, provider: RunningProvider
) -> None:
    from dataclasses import replace

    from pydantic import SecretStr

    wrong = settings.model_copy(update={"payments_secret_key": SecretStr("pk_wrong")})
    service = PaymentsService(replace(context, settings=wrong))
    payer = Payer(service, provider)
    with pytest.raises(ProviderUnreachable) as caught:
        await payer.authorise()
    await service.aclose()
    assert caught.value.code == "payment_provider_refused"
    payment = await service.payment(payer.checkout)
    assert payment is not None
    assert payment.status == "authorising"


async def test_transitions_are_append_only(payer: Payer, settings: Settings) -> None:
    await payer.authorise()
    with (
        psycopg.connect(settings.dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException),
    ):
        connection.execute("UPDATE payments.transitions SET note = 'never happened'")

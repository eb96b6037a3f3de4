"""Buyers who prove themselves to their bank, automatic and partial capture, odd amounts."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.stripe import StripeProvider
from bodega.commerce.payments.errors import AmountInvalid, CaptureTooLarge, PaymentUnknown
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, new_id
from bodega.kernel.money import Money
from tests.kit.provider import RunningProvider

ASKS = "pm_card_authenticationRequired"
BACK = "https://shop.test/checkout/return?x=1"


class Buyer:
    def __init__(self, payments: Payments) -> None:
        self.payments = payments
        self.checkout = CheckoutId(new_id())

    async def pay(
        self,
        token: str = ASKS,
        *,
        amount: int = 2000,
        currency: str = "GBP",
        automatic: bool = False,
    ) -> PaymentView:
        return await self.payments.authorise(
            checkout_id=self.checkout,
            amount=Money(amount=amount, currency=currency),
            payment_token=token,
            return_url=BACK,
            capture_method="automatic" if automatic else "manual",
        )

    async def act(self, payment: PaymentView, outcome: str) -> httpx.Response:
        assert payment.action_url is not None
        async with httpx.AsyncClient() as browser:
            page = await browser.get(payment.action_url)
            assert re.search(r'value="authorise"', page.text)
            return await browser.post(payment.action_url, data={"outcome": outcome})

    async def confirm(self) -> PaymentView:
        return await self.payments.confirm(checkout_id=self.checkout)


@pytest.fixture
def buyer(context: Context, provider: RunningProvider) -> Buyer:
    return Buyer(context.container.get(Payments))


async def test_a_buyer_who_agrees_has_paid(buyer: Buyer) -> None:
    asked = await buyer.pay()
    assert asked.status == "requires_action"
    assert (await buyer.confirm()).status == "requires_action"
    sent = await buyer.act(asked, "authorise")
    assert sent.headers["location"].startswith(f"{BACK}&payment_intent=pi_")
    assert sent.headers["location"].endswith("redirect_status=succeeded")
    done = await buyer.confirm()
    assert (done.status, done.action_url) == ("authorised", None)
    assert (await buyer.payments.capture(checkout_id=buyer.checkout)).status == "captured"


async def test_a_buyer_who_fails_has_not(buyer: Buyer) -> None:
    sent = await buyer.act(await buyer.pay(), "fail")
    assert sent.headers["location"].endswith("redirect_status=failed")
    failed = await buyer.confirm()
    assert failed.status == "declined"
    assert failed.failure_code == "payment_intent_authentication_failure"


async def test_asking_again_asks_the_same_buyer(buyer: Buyer) -> None:
    first = await buyer.pay()
    assert await buyer.pay() == first


async def test_a_buyer_who_never_comes_is_let_go(buyer: Buyer, provider: RunningProvider) -> None:
    asked = await buyer.pay()
    voided = await buyer.payments.void(checkout_id=buyer.checkout)
    assert voided is not None
    assert voided.status == "voided"
    [intent] = await asyncio.to_thread(provider.intents, asked.id)
    assert intent["status"] == "canceled"
    assert (await buyer.confirm()).status == "voided"


async def test_a_lost_challenge_is_found_by_asking(buyer: Buyer, provider: RunningProvider) -> None:
    provider.line.cut("lost", "POST /v1/payment_intents", times=2)
    asked = await buyer.pay()
    assert asked.status == "requires_action"
    await buyer.act(asked, "authorise")
    assert (await buyer.confirm()).status == "authorised"


async def test_nothing_to_confirm(buyer: Buyer) -> None:
    with pytest.raises(PaymentUnknown):
        await buyer.confirm()


async def test_an_automatic_payment_is_captured_at_once(buyer: Buyer, settings: Settings) -> None:
    taken = await buyer.pay("pm_card_visa", automatic=True)
    assert (taken.status, taken.captured) == ("captured", Money(amount=2000, currency="GBP"))
    with psycopg.connect(settings.dsn) as connection:
        told = connection.execute("SELECT type FROM backbone.outbox").fetchall()
    assert told == [("payments.payment_captured",)]


async def test_an_automatic_payment_may_ask_first(buyer: Buyer) -> None:
    await buyer.act(await buyer.pay(automatic=True), "authorise")
    assert (await buyer.confirm()).status == "captured"


async def test_a_part_is_captured_and_the_rest_let_go(
    buyer: Buyer, provider: RunningProvider
) -> None:
    payment = await buyer.pay("pm_card_visa")
    part = Money(amount=700, currency="GBP")
    taken = await buyer.payments.capture(checkout_id=buyer.checkout, amount=part)
    assert (taken.status, taken.captured) == ("captured", part)
    assert await buyer.payments.capture(checkout_id=buyer.checkout) == taken
    [intent] = await asyncio.to_thread(provider.intents, payment.id)
    assert (intent["amount_received"], intent["amount_capturable"]) == (700, 0)


async def test_no_more_than_authorised_is_captured(buyer: Buyer) -> None:
    await buyer.pay("pm_card_visa")
    for amount, currency, error in (
        (2001, "GBP", CaptureTooLarge),
        (0, "GBP", AmountInvalid),
        (700, "EUR", AmountInvalid),
    ):
        with pytest.raises(error):
            await buyer.payments.capture(
                checkout_id=buyer.checkout, amount=Money(amount=amount, currency=currency)
            )


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "EUR", "amount_too_small"),
        (1005, "KWD", "amount_not_chargeable"),
        (105, "MGA", "amount_not_chargeable"),
    ],
)
async def test_what_stripe_cannot_charge_is_declined_without_asking(
    buyer: Buyer, provider: RunningProvider, amount: int, currency: str, code: str
) -> None:
    provider.line.cut("refused")
    refused = await buyer.pay("pm_card_visa", amount=amount, currency=currency)
    assert (refused.status, refused.failure_code) == ("declined", code)
    assert provider.line.seen == 0


@pytest.mark.parametrize(
    ("amount", "currency"), [(1500, "KWD"), (500, "ISK"), (700, "JPY"), (1000, "MGA"), (3, "UGX")]
)
async def test_odd_exponents_are_charged_to_the_unit(
    buyer: Buyer, amount: int, currency: str
) -> None:
    paid = await buyer.pay("pm_card_visa", amount=amount, currency=currency)
    assert (paid.status, paid.amount.amount) == ("authorised", amount)


async def test_radars_opinion_is_on_the_record(buyer: Buyer) -> None:
    payment = await buyer.pay("pm_card_riskLevelElevated")
    record = await buyer.payments.record(payment.id)
    assert record is not None
    assert (record.risk_level, record.risk_score) == ("elevated", 65)


async def test_the_providers_books_list_fee_refunds_and_disputes(
    buyer: Buyer, settings: Settings
) -> None:
    payment = await buyer.pay("pm_card_createDispute")
    await buyer.payments.capture(checkout_id=buyer.checkout)
    stripe = StripeProvider(settings)
    now = datetime.now(UTC)
    since, until = now - timedelta(minutes=5), now + timedelta(minutes=5)
    [listed] = [
        record
        async for record in stripe.list_payments(since=since, until=until)
        if record.payment_id == payment.id
    ]
    assert (listed.status, listed.captured.amount, listed.disputed) == ("captured", 2000, True)
    assert listed.fee == Money(amount=88, currency="GBP")
    [dispute] = [
        found
        async for found in stripe.list_disputes(since=since, until=until)
        if found.payment_reference == listed.reference
    ]
    assert (dispute.status, dispute.reason, dispute.amount.amount) == (
        "needs_response",
        "fraudulent",
        2000,
    )
    staged = await stripe.submit_evidence(
        dispute.reference, evidence={"customer_name": "Ada"}, submit=False
    )
    assert (staged.status, staged.has_evidence) == ("needs_response", True)
    won = await stripe.submit_evidence(
        dispute.reference, evidence={"uncategorized_text": "winning_evidence"}, submit=True
    )
    assert won.status == "won"
    assert await stripe.dispute(dispute.reference) == won
    assert await stripe.dispute("dp_nobody") is None
    await stripe.aclose()

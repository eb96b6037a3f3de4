"""What is asked again within one call: only what may go through later, and not too soon."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.patience import retry_after, retryable, wait_before
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.errors import ProviderUnreachable
from bodega.commerce.payments.service.refunds import RefundDesk
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId, CommandId, new_id
from bodega.kernel.money import Money
from tests.kit.provider import RunningProvider

AMOUNT = Money(amount=2000, currency="GBP")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    changes = {
        "paypal_url": f"{provider.url}/paypal",
        "paypal_client_id": "shop",
        "payments_retries": 2,
    }
    return settings.model_copy(update=changes)


class Trouble:
    """The double's faults on request."""

    def __init__(self, provider: RunningProvider) -> None:
        self._url = f"{provider.url}/_double/faults"

    def plan(self, kind: str, where: str, *, times: int = 1, **more: Any) -> None:
        asked = {"kind": kind, "where": where, "times": times, **more}
        assert httpx.post(self._url, json=asked).status_code == 200

    @property
    def seen(self) -> int:
        return int(httpx.get(self._url).json()["seen"])


@pytest.fixture
def trouble(provider: RunningProvider) -> Any:
    yield Trouble(provider)
    httpx.post(f"{provider.url}/_double/faults", json=None)


@pytest.fixture
def payments(context: Context) -> Payments:
    return context.container.get(Payments)


async def take(payments: Payments, token: str = "pm_card_visa") -> CheckoutId:
    checkout = CheckoutId(new_id())
    held = await payments.authorise(checkout_id=checkout, amount=AMOUNT, payment_token=token)
    assert held.status == "authorised", held
    return checkout


@pytest.mark.parametrize(
    "kind", ["rate_limit", "lock_timeout", "key_in_use", "server_error", "unavailable", "drop"]
)
async def test_what_may_go_through_later_is_asked_again(
    payments: Payments, provider: RunningProvider, trouble: Trouble, kind: str
) -> None:
    trouble.plan(kind, "POST /v1/payment_intents", times=2)
    checkout = await take(payments)
    payment = await payments.payment(checkout)
    assert payment is not None
    assert trouble.seen == 2
    assert len(await asyncio.to_thread(provider.intents, payment.id)) == 1


@pytest.mark.parametrize("kind", ["server_error", "drop", "hang"])
async def test_a_call_that_had_its_effect_counts_once(
    payments: Payments, provider: RunningProvider, trouble: Trouble, kind: str
) -> None:
    """The answer is lost after the work was done: the key replays it, or asking finds it."""
    trouble.plan(kind, "POST /v1/payment_intents", done=True, times=9, seconds=1)
    checkout = await take(payments)
    payment = await payments.payment(checkout)
    assert payment is not None
    assert len(await asyncio.to_thread(provider.intents, payment.id)) == 1


async def test_when_it_stays_so_nobody_guesses(payments: Payments, trouble: Trouble) -> None:
    trouble.plan("rate_limit", "/v1/payment_intents", times=99)
    checkout = CheckoutId(new_id())
    with pytest.raises(ProviderUnreachable):
        await payments.authorise(checkout_id=checkout, amount=AMOUNT, payment_token="pm_card_visa")
    assert trouble.seen == 6  # authorised three times, asked after three times
    payment = await payments.payment(checkout)
    assert payment is not None
    assert payment.status == "authorising"
    trouble.plan("rate_limit", "nowhere")
    again = await payments.authorise(
        checkout_id=checkout, amount=AMOUNT, payment_token="pm_card_visa"
    )
    assert again.status == "authorised"


async def test_a_decline_is_never_asked_again(
    payments: Payments, provider: RunningProvider, trouble: Trouble
) -> None:
    trouble.plan("rate_limit", "nowhere", times=0)
    checkout = CheckoutId(new_id())
    view = await payments.authorise(
        checkout_id=checkout, amount=AMOUNT, payment_token="pm_card_chargeDeclined"
    )
    assert view.status == "declined"
    assert len(await asyncio.to_thread(provider.intents, view.id)) == 1


async def test_nobody_waits_longer_than_a_call_may_take(
    payments: Payments, trouble: Trouble
) -> None:
    """Retry-After asks for an hour: the caller hears at once and comes back later."""
    trouble.plan("rate_limit", "/v1/payment_intents", times=99, retry_after="3600")
    with pytest.raises(ProviderUnreachable):
        await take(payments)
    assert trouble.seen == 2  # the call, and the question what became of it


@pytest.mark.parametrize("kind", ["rate_limit", "key_in_use", "server_error", "drop"])
async def test_a_refund_is_repeated_and_made_once(
    payments: Payments, context: Context, settings: Settings, trouble: Trouble, kind: str
) -> None:
    checkout = await take(payments)
    await payments.capture(checkout_id=checkout)
    trouble.plan(kind, "POST /v1/refunds", times=2, done=kind == "drop")
    refund = await payments.refund(
        command_id=CommandId(new_id()), checkout_id=checkout, amount=AMOUNT, reason="torn"
    )
    assert refund.status == "succeeded"
    providers = Providers(settings)
    await RefundDesk(context, providers).settle_pending()
    await providers.aclose()
    payment = await payments.payment(checkout)
    assert payment is not None
    assert payment.refunded == AMOUNT


@pytest.mark.parametrize(
    "kind", ["rate_limit", "key_in_use", "server_error", "unavailable", "drop"]
)
async def test_paypal_is_asked_again_alike(payments: Payments, trouble: Trouble, kind: str) -> None:
    trouble.plan(kind, "POST /paypal/v2/checkout/orders", times=2)
    view = await payments.authorise(
        checkout_id=CheckoutId(new_id()),
        amount=AMOUNT,
        payment_token="paypal:",
        return_url="http://shop.test/return",
    )
    assert view.status == "requires_action"
    assert trouble.seen == 2


@pytest.mark.parametrize(
    ("status", "again"),
    [(400, False), (401, False), (402, False), (404, False), (408, True), (409, True),
     (422, False), (425, True), (429, True), (500, True), (503, True)],
)  # fmt: skip
def test_only_some_answers_may_change(status: int, again: bool) -> None:
    assert retryable(status) is again


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("7", 7.0), (" 7 ", 7.0), ("soon", None), ("-1", None),
     ("Sat, 21 Nov 2026 12:00:05 GMT", 5.0), ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=NOW) == seconds


@pytest.mark.parametrize(
    ("attempt", "least", "most"), [(1, 0.125, 0.25), (2, 0.25, 0.5), (3, 0.5, 1.0), (9, 2.0, 4.0)]
)
def test_waits_double_with_jitter(attempt: int, least: float, most: float) -> None:
    waits = {wait_before(attempt, None) for _ in range(50)}
    assert least <= min(waits) <= max(waits) <= most
    assert len(waits) > 10
    assert wait_before(attempt, "9") == 9.0

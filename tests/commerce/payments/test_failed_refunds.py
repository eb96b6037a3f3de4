"""A refund that fails after it succeeded: asked after, booked back, told, made again."""

import asyncio
import json
import time
from typing import Any

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.stripe_webhooks import read, signed_header
from bodega.commerce.payments.jobs import handle_webhooks, settle_refunds
from bodega.contracts.books import Books, Webhooks
from bodega.contracts.payments import Payments, RefundView
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import CheckoutId, CommandId, OperationId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from tests.kit.doors import Doors, key
from tests.kit.provider import RunningProvider

AMOUNT = Money(amount=2000, currency="GBP")
PART = Money(amount=500, currency="GBP")


class Till:
    """One captured payment whose refunds fail after two seconds."""

    def __init__(self, context: Context, provider: RunningProvider, settings: Settings) -> None:
        self.context, self.provider, self.settings = context, provider, settings
        self.payments = context.container.get(Payments)
        self.checkout = CheckoutId(new_id())
        self.operation = OperationId(new_id())

    async def refunded(self, token: str = "pm_card_refundFail") -> RefundView:
        await self.payments.authorise(checkout_id=self.checkout, amount=AMOUNT, payment_token=token)
        await self.payments.capture(checkout_id=self.checkout)
        return await self.payments.refund(
            command_id=CommandId(new_id()),
            checkout_id=self.checkout,
            amount=PART,
            reason="torn",
            operation_id=self.operation,
        )

    async def bank_says_no(self) -> None:
        """The two seconds are over, and the provider says so."""
        await asyncio.to_thread(self._backdate)
        payment = await self.payments.payment(self.checkout)
        assert payment is not None
        [intent] = await asyncio.to_thread(self.provider.intents, payment.id)
        await asyncio.to_thread(
            self.provider.ask, "GET", "/v1/refunds", payment_intent=intent["id"]
        )
        for event in await self._events("refund.failed"):
            await self._deliver(event)

    def _backdate(self) -> None:
        time.sleep(2.1)

    async def _events(self, kind: str) -> list[dict[str, Any]]:
        listed = await asyncio.to_thread(self.provider.ask, "GET", "/v1/events", limit="100")
        return [event for event in listed.json()["data"] if event["type"] == kind]

    async def _deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps(event).encode()
        secret = self.settings.payments_webhook_secret.get_secret_value()
        signed = signed_header(body, secret=secret, at=SystemClock().now())
        await self.context.container.get(Webhooks).receive(
            provider="stripe", body=body, headers={"stripe-signature": signed}
        )

    async def balances(self) -> dict[str, int]:
        found = await self.context.container.get(Books).balances()
        return {item.account: item.balance for item in found}

    def told(self) -> list[str]:
        with psycopg.connect(self.settings.dsn) as connection:
            rows = connection.execute("SELECT type FROM backbone.outbox ORDER BY id").fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def till(context: Context, provider: RunningProvider, settings: Settings) -> Till:
    return Till(context, provider, settings)


async def test_it_is_asked_after_booked_back_and_made_again(till: Till, doors: Doors) -> None:
    refund = await till.refunded()
    assert refund.status == "succeeded"
    assert (await till.balances())["refunds"] == 500
    await till.bank_says_no()
    await handle_webhooks(till.context)
    [known] = await till.payments.refunds(till.checkout)
    assert known.status == "succeeded"  # nobody believes a webhook: the provider is asked
    await settle_refunds(till.context)
    [known] = await till.payments.refunds(till.checkout)
    assert (known.status, known.failure_code) == ("failed", "expired_or_canceled_card")
    books = await till.balances()
    assert (books["refunds"], books["provider_clearing"]) == (0, 2000)
    assert till.told().count("payments.payment_refund_failed") == 1
    record = await till.payments.record(refund.payment_id)
    assert record is not None
    steps = [step.after for step in record.transitions if step.refund_id == refund.id]
    assert steps == ["pending", "succeeded", "failed"]
    conflicts = await till.context.container.get(Books).conflicts(PageRequest(limit=10))
    assert [(one.kind, one.provider) for one in conflicts.items] == [("refund", "stripe")]
    assert "expired_or_canceled_card" in conflicts.items[0].seen
    await made_again(till, doors, refund)


async def made_again(till: Till, doors: Doors, refund: RefundView) -> None:
    staff = await doors.staff(await doors.admin())
    at = f"/api/v1/admin/refunds/{refund.id}/retry"
    once = key()
    for _ in range(2):
        again = await staff.post(at, headers=once)
        assert again.status_code == 201, again.text
        assert (again.json()["status"], again.json()["retry_of"]) == ("succeeded", str(refund.id))
    assert again.json()["operation_id"] == str(till.operation)
    twice = await staff.post(at, headers=key())
    assert (twice.status_code, twice.json()["code"]) == (409, "payment_refund_retried")
    new = await staff.post(f"/api/v1/admin/refunds/{again.json()['id']}/retry", headers=key())
    assert (new.status_code, new.json()["code"]) == (409, "payment_refund_not_failed")
    none = await staff.post(f"/api/v1/admin/refunds/{new_id()}/retry", headers=key())
    assert (none.status_code, none.json()["code"]) == (404, "payment_refund_not_found")
    assert (await till.balances())["refunds"] == 500
    customer = await doors.customer()
    assert (await customer.post(at, headers=key())).status_code == 403


async def test_a_webhook_that_says_what_is_known_asks_nobody(till: Till) -> None:
    await till.refunded("pm_card_visa")
    for event in await till._events("refund.created"):
        await till._deliver(event)
    await handle_webhooks(till.context)
    till.provider.line.cut("refused", "/v1/refunds")
    await settle_refunds(till.context)
    assert till.provider.line.seen == 0


def test_stripes_words_for_a_refund_are_ours() -> None:
    body = {
        "id": "evt_1", "type": "charge.refund.updated", "created": 1_700_000_000,
        "data": {"object": {
            "id": "re_1", "object": "refund", "amount": 500, "currency": "gbp",
            "status": "canceled", "payment_intent": "pi_1", "metadata": {},
        }},
    }  # fmt: skip
    notice = read(json.dumps(body))
    assert notice.fact is not None
    assert getattr(notice.fact, "status", None) == "failed"
    assert (notice.group, notice.subject) == ("pi_1", "re_1")

"""PayPal's webhooks: only what PayPal's own certificate signed gets in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.paypal_webhooks import PayPalWebhooks, read
from bodega.commerce.payments.domain.webhooks import DisputeFact, PaymentFact, RefundFact
from bodega.commerce.payments.errors import (
    WebhookForged,
    WebhookMalformed,
    WebhooksClosed,
    WebhookTooOld,
    WebhookUnverifiable,
)
from bodega.commerce.payments.service.webhooks import WebhookService
from bodega.contracts.books import Webhooks
from bodega.kernel.ids import new_id
from bodega.kernel.money import Money
from tests.commerce.payments import paypal_events as paypal
from tests.commerce.payments.paypal_events import PayPalsHost

BODY = paypal.event("PAYMENT.SALE.COMPLETED", {"id": "1"})
EUR50 = {"currency_code": "EUR", "value": "50.00"}
FIFTY = Money(amount=5000, currency="EUR")


def source(host: PayPalsHost | None = None, **changes: Any) -> PayPalWebhooks:
    settings = Settings(_env_file=None, **{"paypal_webhook_id": paypal.WEBHOOK_ID, **changes})
    return PayPalWebhooks(settings, transport=host or PayPalsHost())


async def verified(
    webhooks: PayPalWebhooks, body: bytes = BODY, headers: dict[str, str] | None = None
) -> None:
    sent = paypal.headers(body) if headers is None else headers
    await webhooks.verify(body=body, headers=sent, now=datetime.now(UTC))


async def test_what_paypal_signed_is_taken_and_the_certificate_fetched_once() -> None:
    host = PayPalsHost()
    webhooks = source(host)
    await verified(webhooks)
    await verified(webhooks)
    assert host.asked == [paypal.CERTIFICATE]


async def test_another_body_is_refused() -> None:
    with pytest.raises(WebhookForged):
        await verified(source(), BODY + b" ", paypal.headers(BODY))


@pytest.mark.parametrize(
    "changes",
    [
        {"paypal-transmission-id": "t-2"},
        {"paypal-transmission-time": "2026-01-01T00:00:00Z"},
        {"paypal-transmission-time": "yesterday"},
        {"paypal-transmission-sig": "AAAA"},
        {"paypal-transmission-sig": "no base64!"},
        {"paypal-auth-algo": "none"},
        {"paypal-auth-algo": "SHA1withRSA"},
    ],
)
async def test_changed_headers_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(WebhookForged):
        await verified(source(), BODY, paypal.headers(BODY) | changes)


@pytest.mark.parametrize(
    "url",
    ["", "http://api.paypal.com/v1/notifications/certs/C", "https://evil.example/certs/C",
     "https://api.paypal.com.evil.example/v1/notifications/certs/C",
     "https://evilpaypal.com/v1/notifications/certs/C",
     "https://api.paypal.com@evil.example/v1/notifications/certs/C",
     "https://u:p@api.paypal.com/v1/notifications/certs/C",
     "https://api.paypal.com:8443/v1/notifications/certs/C",
     "https://api.paypal.com:x/v1/notifications/certs/C",
     "https://www.paypal.com/redirect?to=https://evil.example",
     "https://[::1/v1/notifications/certs/C"],
)  # fmt: skip
async def test_no_certificate_is_fetched_from_anywhere_else(url: str) -> None:
    host = PayPalsHost()
    with pytest.raises(WebhookForged):
        await verified(source(host), BODY, paypal.headers(BODY, **{"paypal-cert-url": url}))
    assert host.asked == []


@pytest.mark.parametrize(
    "content",
    [b"not a certificate", paypal.certificate(name="paypal.com.evil.example"),
     paypal.certificate(days=-1)],
    ids=["none", "another's", "expired"],
)  # fmt: skip
async def test_a_certificate_that_is_not_paypals_is_refused(content: bytes) -> None:
    with pytest.raises(WebhookForged):
        await verified(source(PayPalsHost(content)))


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_certificate_that_cannot_be_had_is_asked_for_later(status: int) -> None:
    host = PayPalsHost(status=status)
    with pytest.raises(WebhookUnverifiable):
        await verified(source(host))
    assert host.asked == [paypal.CERTIFICATE]


async def test_what_was_sent_days_ago_is_refused() -> None:
    old = paypal.headers(BODY, at=datetime.now(UTC) - timedelta(days=5))
    with pytest.raises(WebhookTooOld):
        await verified(source(), BODY, old)


async def test_without_a_webhook_id_none_are_taken() -> None:
    with pytest.raises(WebhooksClosed):
        await verified(source(paypal_webhook_id=""))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":"1","event_type":"x"}'])
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        read(body)


OWN = new_id()
RELATED = {"supplementary_data": {"related_ids": {"order_id": "O1"}}, "custom_id": str(OWN)}


@pytest.mark.parametrize(
    ("kind", "resource", "fact"),
    [
        (
            "CHECKOUT.ORDER.APPROVED",
            {"id": "O1", "purchase_units": [{"amount": EUR50, "custom_id": str(OWN)}]},
            PaymentFact("acted", FIFTY),
        ),
        (
            "PAYMENT.AUTHORIZATION.CREATED",
            {"id": "A1", "amount": EUR50, **RELATED},
            PaymentFact("authorised", FIFTY),
        ),
        (
            "PAYMENT.AUTHORIZATION.VOIDED",
            {"id": "A1", "amount": EUR50, **RELATED},
            PaymentFact("cancelled", FIFTY),
        ),
        (
            "PAYMENT.CAPTURE.COMPLETED",
            {"id": "C1", "amount": EUR50, **RELATED},
            PaymentFact("captured", FIFTY),
        ),
        (
            "PAYMENT.CAPTURE.DENIED",
            {"id": "C1", "amount": EUR50, **RELATED},
            PaymentFact("declined", FIFTY),
        ),
    ],
)
def test_events_of_a_payment_are_read(
    kind: str, resource: dict[str, Any], fact: PaymentFact
) -> None:
    notice = read(paypal.event(kind, resource))
    assert (notice.fact, notice.payment_id, notice.reference) == (fact, OWN, "O1")
    assert notice.group == str(OWN)


def test_a_refund_says_how_much_went_back_in_all() -> None:
    resource = {
        "id": "R2", "amount": {"currency_code": "EUR", "value": "20.00"},
        "seller_payable_breakdown": {"total_refunded_amount": EUR50}, **RELATED,
    }  # fmt: skip
    notice = read(paypal.event("PAYMENT.CAPTURE.REFUNDED", resource))
    assert (notice.fact, notice.payment_id) == (RefundFact(FIFTY), None)
    assert notice.reference == "O1"


@pytest.mark.parametrize(
    ("outcome", "status", "moved"),
    [({"outcome_code": "RESOLVED_BUYER_FAVOUR"}, "lost", -5000),
     ({"outcome_code": "RESOLVED_BUYER_FAVOUR",
       "amount_refunded": {"currency_code": "EUR", "value": "12.50"}}, "lost", -1250),
     ({"outcome_code": "RESOLVED_SELLER_FAVOUR"}, "won", None),
     ({"outcome_code": "CANCELED_BY_BUYER"}, "closed", None)],
    ids=["lost", "lost in part", "won", "taken back"],
)  # fmt: skip
def test_a_dispute_is_read_and_a_lost_one_costs_what_was_given_back(
    outcome: dict[str, Any], status: str, moved: int | None
) -> None:
    resource: dict[str, Any] = {
        "dispute_id": "PP-D-1", "create_time": "2026-01-01T00:00:00Z", "status": "RESOLVED",
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "dispute_amount": EUR50,
        "dispute_outcome": outcome, "dispute_life_cycle_stage": "CHARGEBACK",
        "disputed_transactions": [{"seller_transaction_id": "C1", "custom": str(OWN)}],
    }  # fmt: skip
    notice = read(paypal.event("CUSTOMER.DISPUTE.RESOLVED", resource))
    assert isinstance(notice.fact, DisputeFact)
    assert (notice.fact.status, notice.payment_id) == (status, OWN)
    assert [one.amount.amount for one in notice.fact.movements] == ([moved] if moved else [])
    assert notice.fact.amount.amount == -(moved or -5000)
    assert notice.part_of is None
    del resource["disputed_transactions"][0]["custom"]
    assert read(paypal.event("CUSTOMER.DISPUTE.RESOLVED", resource)).part_of == "C1"


def test_what_we_know_and_cannot_read_is_kept_for_a_look() -> None:
    notice = read(paypal.event("PAYMENT.CAPTURE.COMPLETED", {"id": "C1", "amount": {}}))
    assert (notice.fact, notice.unreadable) == (None, "KeyError: 'purchase_units'")


async def test_they_come_in_over_http(
    client: httpx.AsyncClient, app: Any, settings: Settings, context: Context
) -> None:
    known = settings.model_copy(update={"paypal_webhook_id": paypal.WEBHOOK_ID})
    service: Any = WebhookService(context)
    service._sources["paypal"] = PayPalWebhooks(known, transport=PayPalsHost())
    app.state.container.bind(Webhooks, service)
    for duplicate in (False, True):
        answer = await client.post(
            "/api/v1/webhooks/paypal", content=BODY, headers=paypal.headers(BODY)
        )
        assert answer.json() == {"received": True, "duplicate": duplicate}
    forged = await client.post(
        "/api/v1/webhooks/paypal", content=BODY + b" ", headers=paypal.headers(BODY)
    )
    assert (forged.status_code, forged.json()["code"]) == (400, "webhook_forged")


async def test_without_being_set_up_the_way_in_is_closed(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/webhooks/paypal", content=BODY, headers=paypal.headers(BODY)
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "webhooks_closed")

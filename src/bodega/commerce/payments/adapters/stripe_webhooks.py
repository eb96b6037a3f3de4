"""Stripe's webhooks: the signature over the raw body, and what an event says in our words.

Signature scheme: https://docs.stripe.com/webhooks#verify-manually (v1, HMAC-SHA256 over
`<timestamp>.<body>`; several v1 while a secret is rolled).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.stripe_money import from_stripe
from bodega.commerce.payments.domain.webhooks import (
    DisputeFact,
    Fact,
    Movement,
    Notice,
    PaymentFact,
    RefundFact,
    RefundStanding,
    Standing,
)
from bodega.commerce.payments.errors import (
    WebhookForged,
    WebhookMalformed,
    WebhooksClosed,
    WebhookTooOld,
)
from bodega.contracts.books import DisputeStatus
from bodega.contracts.payments import RefundStatus

PUBLIC_SECRET = "whsec_bodega"  # noqa: S105 - the default, refused in production
_STANDING: dict[str, Standing] = {
    "payment_intent.requires_action": "requires_action",
    "payment_intent.payment_failed": "declined",
    "payment_intent.amount_capturable_updated": "authorised",
    "payment_intent.succeeded": "captured",
    "payment_intent.canceled": "cancelled",
}
_RANK = {
    "payment_intent.created": 0,
    "payment_intent.requires_action": 1,
    "payment_intent.processing": 2,
    "payment_intent.payment_failed": 3,
    "payment_intent.amount_capturable_updated": 4,
    "payment_intent.succeeded": 5,
    "payment_intent.canceled": 6,
    "charge.dispute.created": 0,
    "charge.dispute.closed": 9,
}
_REFUNDS = ("charge.refunded", "charge.updated", "charge.captured", "charge.succeeded")
_ONE_REFUND = ("charge.refund.updated", "refund.created", "refund.updated", "refund.failed")
_REFUND: dict[str, RefundStatus] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
}
_DISPUTES = ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
_DISPUTE: dict[str, DisputeStatus] = {
    "warning_needs_response": "needs_response",
    "needs_response": "needs_response",
    "warning_under_review": "under_review",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
}
# What the endpoint is to be sent; anything else tells us nothing new and costs a commit each. That
# money is held is the answer to our own call; whoever stayed with their bank is looked after.
SUBSCRIBED = (
    *(said for said in _STANDING if said != "payment_intent.amount_capturable_updated"),
    "charge.refunded",
    *_ONE_REFUND,
    *(f"charge.dispute.{happened}" for happened in _DISPUTES),
)


class StripeWebhooks:
    """Answers `WebhookSource` with the endpoint's signing secret."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.payments_webhook_secret.get_secret_value()
        self._tolerance = settings.payments_webhook_tolerance_seconds
        self._closed = settings.environment == "prod" and self._secret == PUBLIC_SECRET

    async def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        if self._closed:
            raise WebhooksClosed
        verify(
            body,
            headers.get("stripe-signature", ""),
            secret=self._secret,
            now=now,
            tolerance=self._tolerance,
        )

    def read(self, body: bytes | str) -> Notice:
        return read(body)


def verify(body: bytes, header: str, *, secret: str, now: datetime, tolerance: float) -> None:
    """Raises `WebhookForged` for a wrong signature, `WebhookTooOld` for a right one of long ago."""
    parts = [part.partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name.strip() == "t" and value.isdecimal()]
    given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1 or not given:
        raise WebhookForged
    signed = signature(body, stamps[0], secret)
    if not any(hmac.compare_digest(signed.encode(), value.encode()) for value in given):
        raise WebhookForged
    if abs(now.timestamp() - int(stamps[0])) > tolerance:
        raise WebhookTooOld


def signature(body: bytes, stamp: str, secret: str) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed_header(body: bytes, *, secret: str, at: datetime) -> str:
    """The `Stripe-Signature` of a webhook sent at `at`."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={signature(body, stamp, secret)}"


def read(body: bytes | str) -> Notice:
    """A verified event. Raises `WebhookMalformed` when it is none; unknown types have no fact."""
    try:
        event = json.loads(body)
        kind, subject = event["type"], event["data"]["object"]
        at = datetime.fromtimestamp(event["created"], UTC)
        identity = str(event["id"])
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        raise WebhookMalformed from error
    if not isinstance(kind, str) or not isinstance(subject, dict):
        raise WebhookMalformed
    own = str(subject.get("id") or identity)
    intent = own if subject.get("object") == "payment_intent" else subject.get("payment_intent")
    fact, unreadable = _read_fact(kind, subject)
    return Notice(
        provider="stripe",
        id=identity,
        type=kind,
        at=at,
        rank=_RANK.get(kind, 5),
        group=str(intent or own),
        subject=own,
        payment_id=_own_id(subject, "payment_id"),
        reference=intent if isinstance(intent, str) else None,
        fact=fact,
        unreadable=unreadable,
    )


def _read_fact(kind: str, subject: dict[str, Any]) -> tuple[Fact | None, str | None]:
    try:
        return _fact(kind, subject), None
    except (KeyError, TypeError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"


def _fact(kind: str, subject: dict[str, Any]) -> Fact | None:
    if kind in _STANDING:
        standing = _STANDING[kind]
        amount = subject["amount_received" if standing == "captured" else "amount"]
        return PaymentFact(standing, from_stripe(int(amount), subject["currency"]))
    if kind in _REFUNDS and subject.get("amount_refunded"):
        return RefundFact(from_stripe(int(subject["amount_refunded"]), subject["currency"]))
    if kind in _ONE_REFUND and subject.get("object") == "refund":
        return refund(subject)
    if kind.startswith("charge.dispute.") and subject.get("object") == "dispute":
        return dispute(subject)
    return None


def refund(subject: dict[str, Any]) -> RefundStanding:
    """A Refund object in our words; one that is cancelled has failed."""
    stated = str(subject["status"])
    return RefundStanding(
        reference=str(subject["id"]),
        status=_REFUND.get(stated, "failed"),
        amount=from_stripe(int(subject["amount"]), subject["currency"]),
        refund_id=_own_id(subject, "refund_id"),
    )


def dispute(subject: dict[str, Any]) -> DisputeFact:
    """A Dispute object in our words."""
    due = (subject.get("evidence_details") or {}).get("due_by")
    stated = str(subject["status"])
    return DisputeFact(
        reference=str(subject["id"]),
        amount=from_stripe(int(subject["amount"]), subject["currency"]),
        reason=str(subject.get("reason") or "general"),
        status=_DISPUTE.get(stated, "closed"),
        inquiry=stated.startswith("warning_"),
        opened_at=datetime.fromtimestamp(subject["created"], UTC),
        due_at=datetime.fromtimestamp(due, UTC) if due else None,
        movements=tuple(_movement(item) for item in subject.get("balance_transactions") or []),
    )


def _movement(item: dict[str, Any]) -> Movement:
    amount = from_stripe(int(item["amount"]), item["currency"])
    return Movement(str(item["id"]), amount, from_stripe(int(item["fee"]), item["currency"]).amount)


def _own_id(subject: dict[str, Any], name: str) -> UUID | None:
    try:
        return UUID((subject.get("metadata") or {})[name])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None

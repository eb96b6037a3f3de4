"""Stripe's objects in our words."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import stripe

from bodega.commerce.payments.adapters.port import (
    ProviderDispute,
    ProviderPayment,
    ProviderRecord,
    ProviderRefund,
    ProviderRefundStatus,
    ProviderStatus,
    Risk,
)
from bodega.commerce.payments.adapters.stripe_money import from_stripe
from bodega.commerce.payments.errors import ProviderUnreachable
from bodega.contracts.books import DisputeStatus
from bodega.kernel.money import Money

_STATUSES: dict[str, ProviderStatus] = {
    "requires_action": "requires_action",
    "requires_capture": "authorised",
    "succeeded": "captured",
    "canceled": "cancelled",
    "processing": "processing",
}
_REFUNDS: dict[str, ProviderRefundStatus] = {"succeeded": "succeeded", "pending": "pending"}
_DISPUTES: dict[str, DisputeStatus] = {
    "warning_needs_response": "needs_response",
    "needs_response": "needs_response",
    "warning_under_review": "under_review",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
}


def payment(intent: Any) -> ProviderPayment:
    """A PaymentIntent. Raises ProviderUnreachable while it is being processed."""
    status = _STATUSES.get(intent.status, "declined")
    if status == "processing":
        raise ProviderUnreachable("The provider is still processing the payment")
    units = intent.amount_received if status == "captured" else intent.amount
    money = from_stripe(units, intent.currency)
    if status == "declined":
        code, detail = failure(intent.last_payment_error)
        return ProviderPayment(
            intent.id, status, money, None, None, code, detail, risk=_risk(intent)
        )
    return ProviderPayment(
        intent.id, status, money, *_card(intent), action_url=action_url(intent), risk=_risk(intent)
    )


def declined(error: stripe.StripeError, amount: Money) -> ProviderPayment:
    code, detail = failure(error.error)
    intent = getattr(error.error, "payment_intent", None)
    reference = intent.id if intent else None
    return ProviderPayment(reference, "declined", amount, None, None, code, detail)


def failure(error: Any) -> tuple[str, str | None]:
    """The most precise code Stripe gives, and its sentence."""
    if not error:
        return "not_confirmed", None
    decline: str | None = getattr(error, "decline_code", None)
    code: str | None = getattr(error, "code", None)
    chosen = decline if code == "card_declined" and decline else code
    return chosen or "card_declined", getattr(error, "message", None)


def action_url(intent: Any) -> str | None:
    """Where the buyer proves that it is them."""
    redirect = getattr(getattr(intent, "next_action", None), "redirect_to_url", None)
    return getattr(redirect, "url", None)


def refund(found: Any) -> ProviderRefund:
    return ProviderRefund(
        found.id,
        _REFUNDS.get(found.status, "pending" if found.status == "requires_action" else "failed"),
        from_stripe(found.amount, found.currency),
        our_id(found, "refund_id"),
        getattr(found, "failure_reason", None),
    )


def record(intent: Any) -> ProviderRecord:
    """A PaymentIntent with its expanded charge, as reconciliation reads it."""
    charge = intent.latest_charge or None
    refunds = getattr(charge, "refunds", None)
    return ProviderRecord(
        reference=intent.id,
        payment_id=our_id(intent, "payment_id"),
        status=_STATUSES.get(intent.status, "declined"),
        amount=from_stripe(intent.amount, intent.currency),
        captured=from_stripe(intent.amount_received or 0, intent.currency),
        refunded=from_stripe(getattr(charge, "amount_refunded", 0) or 0, intent.currency),
        created_at=_time(intent.created),
        fee=_fee(charge),
        disputed=bool(getattr(charge, "disputed", False)),
        refunds=tuple(refund(item) for item in refunds.data) if refunds else (),
    )


def dispute(found: Any) -> ProviderDispute:
    details = found.evidence_details
    due = getattr(details, "due_by", None)
    evidence = found.evidence.to_dict() if found.evidence else {}
    return ProviderDispute(
        reference=found.id,
        payment_reference=_id(found.payment_intent),
        amount=from_stripe(found.amount, found.currency),
        reason=found.reason,
        status=_DISPUTES.get(found.status, "closed"),
        provider_status=found.status,
        created_at=_time(found.created),
        evidence_due_at=_time(due) if due else None,
        has_evidence=bool(getattr(details, "has_evidence", False)),
        evidence={name: value for name, value in evidence.items() if isinstance(value, str)},
    )


def our_id(found: Any, name: str) -> UUID | None:
    """What we wrote into the metadata; None for anything that is not an id of ours."""
    try:
        return UUID(str(getattr(found.metadata, name, "")))
    except ValueError:
        return None


def _card(intent: Any) -> tuple[str | None, str | None]:
    details = getattr(intent.latest_charge, "payment_method_details", None)
    card = getattr(details, "card", None)
    return (card.brand, card.last4) if card else (None, None)


def _risk(intent: Any) -> Risk | None:
    outcome = getattr(intent.latest_charge, "outcome", None)
    if not outcome:
        return None
    return Risk(
        getattr(outcome, "risk_level", None),
        getattr(outcome, "risk_score", None),
        getattr(outcome, "reason", None) or getattr(outcome, "seller_message", None),
    )


def _fee(charge: Any) -> Money | None:
    booked: Any = getattr(charge, "balance_transaction", None)
    return from_stripe(booked.fee, booked.currency) if hasattr(booked, "fee") else None


def _id(found: Any) -> str | None:
    return found if found is None or isinstance(found, str) else str(found.id)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

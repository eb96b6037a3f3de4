"""PayPal's orders, refunds, transactions and disputes in our words."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from bodega.commerce.payments.adapters.port import (
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderRefundStatus,
    ProviderStatus,
)
from bodega.commerce.payments.errors import ProviderUnreachable
from bodega.contracts.books import DisputeStatus
from bodega.kernel.money import Money, exponent

# No decimals although ISO 4217 has two (developer.paypal.com/api/rest/reference/currency-codes).
_WHOLE = frozenset({"HUF", "TWD"})
_HOLD: dict[str, ProviderStatus] = {
    "CREATED": "authorised",
    "DENIED": "declined",
    "CAPTURED": "authorised",
}
_CAPTURE: dict[str, ProviderStatus] = {"DECLINED": "declined", "FAILED": "declined"}
_REFUND: dict[str, ProviderRefundStatus] = {
    "COMPLETED": "succeeded",
    "PENDING": "pending",
    "FAILED": "failed",
    "CANCELLED": "failed",
}
_DISPUTE: dict[str, DisputeStatus] = {
    "OPEN": "needs_response",
    "WAITING_FOR_SELLER_RESPONSE": "needs_response",
    "WAITING_FOR_BUYER_RESPONSE": "under_review",
    "UNDER_REVIEW": "under_review",
    "APPEALABLE": "under_review",
}
_OUTCOME: dict[str, DisputeStatus] = {
    "RESOLVED_BUYER_FAVOUR": "lost",
    "RESOLVED_WITH_PAYOUT": "won",
    "RESOLVED_SELLER_FAVOUR": "won",
}


def to_paypal(money: Money) -> dict[str, str]:
    """`{"currency_code": "EUR", "value": "19.99"}`."""
    digits = 0 if money.currency in _WHOLE and not money.amount % 100 else exponent(money.currency)
    return {"currency_code": money.currency, "value": f"{money.decimal:.{digits}f}"}


def from_paypal(amount: dict[str, Any]) -> Money:
    """Raises ValueError for what is no amount."""
    try:
        return Money.from_decimal(Decimal(str(amount["value"])), str(amount["currency_code"]))
    except InvalidOperation as error:
        raise ValueError(f"{amount} is no amount") from error


def read_order(order: dict[str, Any]) -> ProviderPayment:
    """What the order came to; an approved one still waits to be authorised or captured. Raises
    ProviderUnreachable while PayPal looks into a hold or a capture: either may follow."""
    captures, holds = _payments(order, "captures"), _payments(order, "authorizations")
    if captures:
        return _read_part(order, captures[0], _CAPTURE.get(captures[0]["status"], "captured"))
    if holds:
        return _read_part(order, holds[0], _HOLD.get(holds[0]["status"], "cancelled"))
    if order["status"] == "VOIDED":
        return ProviderPayment(str(order["id"]), "cancelled", asked(order))
    url = action_url(order)
    return ProviderPayment(str(order["id"]), "requires_action", asked(order), action_url=url)


def asked(order: dict[str, Any]) -> Money:
    """What the order is about."""
    return from_paypal(order["purchase_units"][0]["amount"])


def _read_part(
    order: dict[str, Any], part: dict[str, Any], status: ProviderStatus
) -> ProviderPayment:
    if part["status"] == "PENDING":
        raise ProviderUnreachable("PayPal is still looking into the payment")
    code = _code(part) if status == "declined" else None
    amount = from_paypal(part["amount"])
    return ProviderPayment(str(order["id"]), status, amount, failure_code=code)


def action_url(order: dict[str, Any]) -> str | None:
    """Where the buyer approves."""
    for link in order.get("links", []):
        if link["rel"] in ("payer-action", "approve"):
            return str(link["href"])
    return None


def hold_id(order: dict[str, Any]) -> str | None:
    holds = _payments(order, "authorizations")
    return str(holds[0]["id"]) if holds else None


def open_hold(order: dict[str, Any]) -> str | None:
    """A hold that still keeps money from its buyer, though nothing may come of it."""
    holds = _payments(order, "authorizations")
    held = bool(holds) and holds[0]["status"] in ("CREATED", "PENDING")
    return str(holds[0]["id"]) if held else None


def capture_id(order: dict[str, Any]) -> str | None:
    captures = _payments(order, "captures")
    return str(captures[0]["id"]) if captures else None


def refunds(order: dict[str, Any]) -> list[dict[str, Any]]:
    return _payments(order, "refunds")


def read_refund(refund: dict[str, Any]) -> ProviderRefund:
    status = _REFUND.get(refund["status"], "pending")
    return ProviderRefund(
        reference=str(refund["id"]),
        status=status,
        amount=from_paypal(refund["amount"]),
        refund_id=own_id(refund.get("custom_id")),
        failure_code=_code(refund) if status == "failed" else None,
    )


def dispute_status(dispute: dict[str, Any]) -> DisputeStatus:
    if dispute["status"] != "RESOLVED":
        return _DISPUTE.get(dispute["status"], "under_review")
    return _OUTCOME.get(_outcome(dispute).get("outcome_code", ""), "closed")


def taken_back(dispute: dict[str, Any]) -> Money:
    """What a lost dispute cost: PayPal may have given its buyer only a part."""
    return from_paypal(_outcome(dispute).get("amount_refunded") or dispute["dispute_amount"])


def _outcome(dispute: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = dispute.get("dispute_outcome") or {}
    return found


def read_dispute(dispute: dict[str, Any]) -> ProviderDispute:
    due = dispute.get("seller_response_due_date")
    return ProviderDispute(
        reference=str(dispute["dispute_id"]),
        payment_reference=None,
        amount=from_paypal(dispute["dispute_amount"]),
        reason=str(dispute.get("reason", "other")).lower(),
        status=dispute_status(dispute),
        provider_status=str(dispute["status"]),
        created_at=instant(dispute["create_time"]),
        evidence_due_at=instant(due) if due else None,
        has_evidence=bool(dispute.get("evidences")),
    )


def instant(stamp: str) -> datetime:
    """RFC 3339, aware. Raises ValueError for anything else."""
    found = datetime.fromisoformat(stamp)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def own_id(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _payments(order: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (order["purchase_units"][0].get("payments") or {}).get(kind, [])
    return found


def _code(item: dict[str, Any]) -> str:
    reason = (item.get("status_details") or {}).get("reason") or item["status"]
    return str(reason).lower()

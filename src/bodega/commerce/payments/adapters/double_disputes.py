"""Disputes of the provider double: opened by a test card, decided by the evidence."""

from bodega.commerce.payments.adapters.double_bench import Bench
from bodega.commerce.payments.adapters.double_requests import Answer, Params, Refusal, nested
from bodega.commerce.payments.adapters.double_store import Object, new_object_id

_FEE = 1500
_DAYS = 7
# Stripe's words that decide a dispute in test mode (docs.stripe.com/testing#disputes).
_DECIDING = {"winning_evidence": "won", "losing_evidence": "lost"}


def open_dispute(bench: Bench, charge: Object, *, reason: str) -> None:
    """The bank takes the money back at once, and a fee with it."""
    dispute: Object = {
        "id": new_object_id("dp"),
        "object": "dispute",
        "amount": charge["amount_captured"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": bench.now(),
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": bench.now() + _DAYS * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    _move(bench, dispute, -dispute["amount"], _FEE)
    charge["disputed"] = True
    bench.put(charge)
    bench.emit("charge.dispute.created", dispute)
    bench.emit("charge.dispute.funds_withdrawn", dispute)


def update(bench: Bench, dispute: Object, params: Params) -> Answer:
    """Evidence is staged, or submitted for good."""
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise Refusal(
            400,
            type="invalid_request_error",
            message="This dispute is not awaiting a response: evidence can no longer be given.",
        )
    given = nested(params, "evidence")
    dispute["evidence"] |= given
    dispute["evidence_details"]["has_evidence"] = bool(dispute["evidence"])
    if params.get("submit", "true") == "true":
        dispute["evidence_details"]["submission_count"] += 1
        _decide(bench, dispute, _DECIDING.get(dispute["evidence"].get("uncategorized_text", "")))
    else:
        bench.emit("charge.dispute.updated", dispute)
    return Answer(200, dispute)


def close(bench: Bench, dispute: Object) -> Answer:
    """Given up: lost."""
    _decide(bench, dispute, "lost")
    return Answer(200, dispute)


def _decide(bench: Bench, dispute: Object, verdict: str | None) -> None:
    dispute["status"] = verdict or "under_review"
    if verdict == "won":
        _move(bench, dispute, dispute["amount"], -_FEE)
        bench.emit("charge.dispute.funds_reinstated", dispute)
    bench.emit("charge.dispute.closed" if verdict else "charge.dispute.updated", dispute)


def _move(bench: Bench, dispute: Object, amount: int, fee: int) -> None:
    booked = bench.booked("adjustment", dispute, amount, fee)
    dispute["balance_transactions"].append(bench.get("balance_transaction", booked))

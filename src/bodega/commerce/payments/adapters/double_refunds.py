"""Refunds of the provider double: at once, pending for a while, or failing later."""

from bodega.commerce.payments.adapters.double_bench import Bench
from bodega.commerce.payments.adapters.double_methods import card_of
from bodega.commerce.payments.adapters.double_requests import (
    Answer,
    Params,
    Refusal,
    amount_of,
    metadata_of,
    missing,
    unexpected,
)
from bodega.commerce.payments.adapters.double_store import Object, new_object_id
from bodega.commerce.payments.adapters.stripe_money import malformed

_RIPE = 2
_YOUNG = 60


def create(bench: Bench, params: Params) -> Answer:
    if "payment_intent" not in params:
        raise missing("payment_intent")
    intent = bench.get("payment_intent", params["payment_intent"])
    if intent["status"] != "succeeded":
        raise unexpected(intent, "refund")
    charge = bench.get("charge", intent["latest_charge"])
    amount = _demand_left(bench, charge, params)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    card = card_of(bench, {"payment_method": charge["payment_method"]}, owned=False)
    refund = _new(bench, charge, amount, params)
    refund["status"] = "pending" if card.refund == "pending" else "succeeded"
    refund["balance_transaction"] = bench.booked("refund", refund, -amount)
    bench.emit("refund.created", refund)
    bench.emit("charge.refunded", charge)
    return Answer(200, refund)


def _demand_left(bench: Bench, charge: Object, params: Params) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    amount = amount_of(params, "amount") if "amount" in params else left
    if refused := malformed(amount, charge["currency"].upper()):
        raise Refusal(
            400,
            type="invalid_request_error",
            code="parameter_invalid_integer",
            param="amount",
            message=refused,
        )
    if charge["disputed"] and not _all_won(bench, charge):
        raise Refusal(
            400,
            type="invalid_request_error",
            code="charge_disputed",
            message="This charge has been charged back and cannot be refunded.",
        )
    if amount > left or left == 0:
        raise Refusal(
            400,
            type="invalid_request_error",
            code="charge_already_refunded" if left == 0 else "amount_too_large",
            message="More cannot be refunded than was captured.",
        )
    return amount


def _all_won(bench: Bench, charge: Object) -> bool:
    """The money came back, so it can be given away again."""
    found = bench.store.list(
        "dispute",
        since=0,
        until=bench.now(),
        after=None,
        limit=100,
        payment_intent=charge["payment_intent"],
    )
    return all(dispute["status"] == "won" for dispute in found)


def _new(bench: Bench, charge: Object, amount: int, params: Params) -> Object:
    return {
        "id": new_object_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": bench.now(),
        "currency": charge["currency"],
        "failure_reason": None,
        "metadata": metadata_of(params),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }


def ripen(bench: Bench, payment_intent: str | None = None) -> None:
    """Refunds of test cards that settle later, once their time has come: of one payment, or of all
    that are young."""
    found = bench.store.list(
        "refund",
        since=0 if payment_intent else bench.now() - _YOUNG,
        until=bench.now() - _RIPE,
        after=None,
        limit=100,
        payment_intent=payment_intent,
    )
    for refund in found:
        charge = bench.get("charge", refund["charge"])
        ending = card_of(bench, {"payment_method": charge["payment_method"]}, owned=False).refund
        if ending == "pending" and refund["status"] == "pending":
            refund["status"] = "succeeded"
            bench.emit("refund.updated", refund)
        if ending == "failed" and refund["status"] == "succeeded":
            _fail(bench, refund, charge)


def _fail(bench: Bench, refund: Object, charge: Object) -> None:
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    bench.put(charge)
    bench.emit("refund.failed", refund)
    bench.emit("charge.refund.updated", refund)

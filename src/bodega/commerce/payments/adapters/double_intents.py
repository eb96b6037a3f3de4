"""PaymentIntents of the provider double: held, challenged, captured, cancelled."""

from typing import Any

from bodega.commerce.payments.adapters.double_bench import Bench
from bodega.commerce.payments.adapters.double_cards import ASKS, CARDS, Card, Decline
from bodega.commerce.payments.adapters.double_disputes import open_dispute
from bodega.commerce.payments.adapters.double_methods import attach, card_of
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
from bodega.commerce.payments.adapters.stripe_money import MINIMUMS, malformed, stripe_exponent

_FAILED = Decline(
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different one.",
)


def create(bench: Bench, params: Params) -> Answer:
    amount = amount_of(params, "amount")
    currency = params.get("currency", "").lower()
    if len(currency) != 3:
        raise missing("currency")
    _demand_chargeable(amount, currency.upper())
    card = card_of(bench, params) if "payment_method" in params else None
    intent = _new(bench, params, amount, currency)
    bench.emit("payment_intent.created", intent)
    if params.get("confirm") == "true":
        return _confirmed(bench, intent, card, params)
    return bench.shown(intent, params)


def confirm(bench: Bench, intent: Object, params: Params) -> Answer:
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise unexpected(intent, "confirm")
    chosen = {"payment_method": intent["payment_method"] or "", **params}
    if intent["customer"]:
        chosen["customer"] = intent["customer"]
    return _confirmed(bench, intent, card_of(bench, chosen), chosen)


def capture(bench: Bench, intent: Object, params: Params) -> Answer:
    if intent["status"] != "requires_capture":
        raise unexpected(intent, "capture")
    asked = "amount_to_capture" in params
    amount = amount_of(params, "amount_to_capture") if asked else intent["amount"]
    if amount > intent["amount_capturable"]:
        raise Refusal(
            400,
            type="invalid_request_error",
            code="amount_too_large",
            param="amount_to_capture",
            message="More cannot be captured than was authorized.",
        )
    charge = bench.get("charge", intent["latest_charge"])
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    _take(bench, charge, amount)
    bench.emit("charge.captured", charge)
    bench.emit("payment_intent.succeeded", intent)
    _dispute(bench, charge)
    return bench.shown(intent, params)


def cancel(bench: Bench, intent: Object, params: Params) -> Answer:
    if intent["status"] in ("succeeded", "canceled"):
        raise unexpected(intent, "cancel")
    intent |= {
        "status": "canceled",
        "amount_capturable": 0,
        "canceled_at": bench.now(),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }
    bench.emit("payment_intent.canceled", intent)
    return bench.shown(intent, params)


def act(bench: Bench, intent: Object, *, agreed: bool) -> str:
    """What the buyer did on the challenge page; where they go on from there."""
    if intent["status"] == "requires_action":
        where = intent["next_action"]["redirect_to_url"]["return_url"]
        intent |= {"next_action": None, "double_return_url": where}
        card = card_of(bench, {"payment_method": intent["payment_method"]}, owned=False)
        if agreed and card.decline is None:
            _succeed(bench, intent, card)
        else:
            _decline(bench, intent, card, card.decline if agreed and card.decline else _FAILED)
    good = intent["status"] in ("requires_capture", "succeeded")
    query = (
        f"payment_intent={intent['id']}&payment_intent_client_secret={intent['client_secret']}"
        f"&redirect_status={'succeeded' if good else 'failed'}"
    )
    where = str(intent.get("double_return_url") or "")
    return f"{where}{'&' if '?' in where else '?'}{query}"


def _demand_chargeable(amount: int, currency: str) -> None:
    refused = malformed(amount, currency)
    small = amount < MINIMUMS.get(currency, 1)
    if small or refused:
        raise Refusal(
            400,
            type="invalid_request_error",
            code="amount_too_small" if small else "parameter_invalid_integer",
            param="amount",
            message=refused or "The amount is below the smallest one that can be charged.",
        )


def _new(bench: Bench, params: Params, amount: int, currency: str) -> Object:
    reference = new_object_id("pi")
    method = params.get("payment_method")
    return {
        "id": reference,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic"),
        "client_secret": f"{reference}_secret_{new_object_id('x')[2:]}",
        "confirmation_method": "automatic",
        "created": bench.now(),
        "currency": currency,
        "customer": params.get("customer"),
        "description": params.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata_of(params),
        "next_action": None,
        "payment_method": method,
        "payment_method_types": ["card"],
        "processing": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "status": "requires_confirmation" if method else "requires_payment_method",
    }


def _confirmed(bench: Bench, intent: Object, card: Card | None, params: Params) -> Answer:
    if card is None:
        raise missing("payment_method")
    intent["payment_method"] = params["payment_method"]
    if card.challenge and not _agreed_before(bench, intent, card, params):
        away = params.get("off_session") == "true"
        if away or params.get("error_on_requires_action") == "true":
            raise Refusal(402, final=True, **_decline(bench, intent, card, ASKS))
        return _challenge(bench, intent, params)
    if card.decline is not None:
        raise Refusal(402, final=True, **_decline(bench, intent, card, card.decline))
    _succeed(bench, intent, card)
    return bench.shown(intent, params)


def _agreed_before(bench: Bench, intent: Object, card: Card, params: Params) -> bool:
    """A card whose holder proved who they are when it was saved asks nobody who is away."""
    kept = bench.store.get("payment_method", intent["payment_method"])
    return card.set_up and kept is not None and params.get("off_session") == "true"


def _challenge(bench: Bench, intent: Object, params: Params) -> Answer:
    intent |= {"status": "requires_action", "next_action": next_action(bench, intent, params)}
    bench.emit("payment_intent.requires_action", intent)
    return bench.shown(intent, params)


def next_action(bench: Bench, subject: Object, params: Params) -> Object:
    """Stripe's page for the buyer; without a way back only its script in the browser can act."""
    back = params.get("return_url")
    if not back:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    url = f"{bench.address()}/_double/authenticate/{subject['id']}"
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": url}}


def _succeed(bench: Bench, intent: Object, card: Card) -> None:
    if intent["setup_future_usage"] and intent["customer"] and intent["payment_method"] in CARDS:
        intent["payment_method"] = attach(bench, intent["customer"], card)["id"]
    manual = intent["capture_method"] == "manual"
    charge = _charge(bench, intent, card, None)
    intent |= {
        "latest_charge": charge["id"],
        "last_payment_error": None,
        "status": "requires_capture" if manual else "succeeded",
        "amount_capturable" if manual else "amount_received": intent["amount"],
    }
    if not manual:
        _take(bench, charge, intent["amount"])
    bench.emit("charge.succeeded", charge)
    topic = "amount_capturable_updated" if manual else "succeeded"
    bench.emit(f"payment_intent.{topic}", intent)
    if not manual:
        _dispute(bench, charge)


def _decline(bench: Bench, intent: Object, card: Card, why: Decline) -> dict[str, Any]:
    charge = _charge(bench, intent, card, why)
    error: Object = {
        "type": "card_error",
        "code": why.code,
        "message": why.message,
        "charge": charge["id"],
    }
    if why.decline_code:
        error["decline_code"] = why.decline_code
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "latest_charge": charge["id"],
        "last_payment_error": dict(error),
    }
    bench.emit("charge.failed", charge)
    bench.emit("payment_intent.payment_failed", intent)
    return {**error, "payment_intent": dict(intent)}


def _take(bench: Bench, charge: Object, amount: int) -> None:
    charge |= {"captured": True, "amount_captured": amount}
    charge["balance_transaction"] = bench.booked(
        "charge", charge, amount, fee(amount, charge["currency"])
    )


def fee(amount: int, currency: str) -> int:
    """2.9 % and 30 cents, or 3.6 % where there are no cents; rounded to the nearest unit."""
    if stripe_exponent(currency.upper()) == 2:
        return (amount * 29 + 500) // 1000 + 30
    return (amount * 36 + 500) // 1000


def _dispute(bench: Bench, charge: Object) -> None:
    method = charge["payment_method_details"]["card"]
    card = card_of(bench, {"payment_method": charge["payment_method"]}, owned=False)
    if card.dispute is not None and card.last4 == method["last4"]:
        open_dispute(bench, charge, reason=card.dispute)


def _charge(bench: Bench, intent: Object, card: Card, why: Decline | None) -> Object:
    level, score = card.risk
    blocked = level == "highest"
    return {
        "id": new_object_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": False,
        "created": bench.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "disputed": False,
        "failure_code": why.code if why else None,
        "failure_message": why.message if why else None,
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": {
            "network_status": "not_sent_to_network" if blocked else "approved_by_network",
            "reason": "highest_risk_level" if blocked else why and why.decline_code,
            "risk_level": level,
            "risk_score": score,
            "seller_message": why.message if why else "Payment complete.",
            "type": "blocked" if blocked else "issuer_declined" if why else "authorized",
        },
        "paid": why is None,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": card.brand, "last4": card.last4, "country": "US"},
        },
        "refunded": False,
        "status": "failed" if why else "succeeded",
    }

"""Stripe's PaymentIntents as a local double: the same payloads, error codes and idempotency.

It keeps everything in SQLite, so a killed double comes back knowing every hold, capture and key.
`apps.provider` puts it behind HTTP; the client that talks to it is the one that talks to Stripe.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from bodega.commerce.payments.adapters.double_cards import MINIMUMS, Card
from bodega.commerce.payments.adapters.double_requests import (
    Answer,
    Params,
    Refusal,
    amount_of,
    authenticate,
    card_of,
    metadata_of,
    missing,
    unexpected,
    until,
)
from bodega.commerce.payments.adapters.double_store import DoubleStore, Object, new_object_id

KEY_LIFE = 24 * 3600


class StripeDouble:
    """`answer` takes one request of Stripe's API; safe for one caller at a time."""

    def __init__(self, path: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        self._store = DoubleStore(path)
        self._clock = clock

    def close(self) -> None:
        self._store.close()

    def answer(
        self,
        method: str,
        path: str,
        params: Params,
        *,
        authorization: str = "",
        idempotency_key: str | None = None,
    ) -> Answer:
        with self._store.transaction():
            try:
                authenticate(authorization)
                if method == "POST" and idempotency_key:
                    return self._once(idempotency_key, path, params)
                return self._route(method, path, params)
            except Refusal as refusal:
                return refusal.answer

    def _once(self, key: str, path: str, params: Params) -> Answer:
        print_ = hashlib.sha256(json.dumps([path, sorted(params.items())]).encode()).hexdigest()
        kept = self._store.key(key, newer_than=self._clock() - KEY_LIFE)
        if kept is not None:
            if kept["fingerprint"] != print_:
                raise Refusal(
                    400,
                    type="idempotency_error",
                    message="Keys for idempotent requests can only be used with the same"
                    " parameters they were first used with.",
                )
            return Answer(kept["status"], kept["body"], {"idempotent-replayed": "true"})
        try:
            answer = self._route("POST", path, params)
        except Refusal as refusal:
            answer = refusal.answer
        if answer.final:
            kept = {"fingerprint": print_, "status": answer.status, "body": answer.body}
            self._store.keep_key(key, kept, at=self._clock())
        return answer

    def _route(self, method: str, path: str, params: Params) -> Answer:
        match (method, path.strip("/").split("/")):
            case ("POST", ["v1", "payment_intents"]):
                answer = self._create(params)
            case ("GET", ["v1", "payment_intents"]):
                answer = self._list("payment_intent", params)
            case ("GET", ["v1", "payment_intents", reference]):
                answer = self._shown(self._get("payment_intent", reference), params)
            case ("POST", ["v1", "payment_intents", reference, "confirm"]):
                answer = self._confirm(self._get("payment_intent", reference), params)
            case ("POST", ["v1", "payment_intents", reference, "capture"]):
                answer = self._capture(self._get("payment_intent", reference), params)
            case ("POST", ["v1", "payment_intents", reference, "cancel"]):
                answer = self._cancel(self._get("payment_intent", reference), params)
            case ("POST", ["v1", "refunds"]):
                answer = self._refund(params)
            case ("GET", ["v1", "refunds"]):
                answer = self._list("refund", params)
            case ("GET", ["v1", "refunds", reference]):
                answer = Answer(200, self._get("refund", reference))
            case ("GET", ["v1", "charges", reference]):
                answer = Answer(200, self._get("charge", reference))
            case _:
                raise Refusal(
                    404,
                    type="invalid_request_error",
                    message=f"Unrecognized request URL ({method}: {path}).",
                )
        return answer

    def _get(self, kind: str, reference: str) -> Object:
        found = self._store.get(kind, reference)
        if found is None:
            raise Refusal(
                404,
                type="invalid_request_error",
                code="resource_missing",
                param="intent" if kind == "payment_intent" else "id",
                message=f"No such {kind}: '{reference}'",
            )
        return found

    def _shown(self, intent: Object, params: Params) -> Answer:
        expand = {value for name, value in params.items() if name.startswith("expand[")}
        wanted = {"latest_charge", "data.latest_charge"} & expand
        if wanted and intent["latest_charge"]:
            intent = {**intent, "latest_charge": self._get("charge", intent["latest_charge"])}
        return Answer(200, intent)

    def _list(self, kind: str, params: Params) -> Answer:
        limit = min(100, max(1, int(params.get("limit", "10"))))
        found = self._store.list(
            kind,
            since=int(params.get("created[gte]", "0")),
            until=until(params),
            after=params.get("starting_after"),
            limit=limit + 1,
            payment_intent=params.get("payment_intent"),
        )
        shown = [self._shown(item, params).body for item in found[:limit]]
        url = f"/v1/{kind}s"
        body = {"object": "list", "url": url, "has_more": len(found) > limit, "data": shown}
        return Answer(200, body)

    def _create(self, params: Params) -> Answer:
        amount = amount_of(params, "amount")
        currency = params.get("currency", "").lower()
        if len(currency) != 3:
            raise missing("currency")
        if amount < MINIMUMS.get(currency, 1):
            raise Refusal(
                400,
                type="invalid_request_error",
                code="amount_too_small",
                param="amount",
                message="The amount is below the smallest one that can be charged.",
            )
        card = card_of(params) if "payment_method" in params else None
        intent = self._new_intent(params, amount, currency)
        self._store.put(intent)
        if params.get("confirm") == "true":
            return self._authorise(intent, card, params)
        return self._shown(intent, params)

    def _new_intent(self, params: Params, amount: int, currency: str) -> Object:
        reference = new_object_id("pi")
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
            "created": int(self._clock()),
            "currency": currency,
            "customer": None,
            "description": params.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata_of(params),
            "next_action": None,
            "payment_method": params.get("payment_method"),
            "payment_method_types": ["card"],
            "processing": None,
            "status": "requires_confirmation"
            if "payment_method" in params
            else "requires_payment_method",
        }

    def _confirm(self, intent: Object, params: Params) -> Answer:
        if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            raise unexpected(intent, "confirm")
        chosen = {"payment_method": intent["payment_method"] or "", **params}
        return self._authorise(intent, card_of(chosen), chosen)

    def _authorise(self, intent: Object, card: Card | None, params: Params) -> Answer:
        if card is None:
            raise missing("payment_method")
        charge = self._charge(intent, card)
        self._store.put(charge)
        intent["latest_charge"] = charge["id"]
        if card.decline is not None:
            error = self._decline(intent, card, charge)
            self._store.put(intent)
            raise Refusal(402, final=True, **error)
        manual = intent["capture_method"] == "manual"
        intent["payment_method"] = params["payment_method"]
        intent["last_payment_error"] = None
        intent["status"] = "requires_capture" if manual else "succeeded"
        intent["amount_capturable" if manual else "amount_received"] = intent["amount"]
        self._store.put(intent)
        return self._shown(intent, params)

    def _charge(self, intent: Object, card: Card) -> Object:
        good = card.decline is None
        manual = intent["capture_method"] == "manual"
        captured = intent["amount"] if good and not manual else 0
        return {
            "id": new_object_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": captured,
            "amount_refunded": 0,
            "captured": bool(captured),
            "created": int(self._clock()),
            "currency": intent["currency"],
            "failure_code": card.decline.code if card.decline else None,
            "failure_message": card.decline.message if card.decline else None,
            "livemode": False,
            "metadata": intent["metadata"],
            "paid": good,
            "payment_intent": intent["id"],
            "payment_method": f"pm_{intent['id'][3:]}",
            "payment_method_details": {
                "type": "card",
                "card": {"brand": card.brand, "last4": card.last4, "country": "US"},
            },
            "refunded": False,
            "status": "succeeded" if good else "failed",
        }

    def _decline(self, intent: Object, card: Card, charge: Object) -> Object:
        assert card.decline is not None
        error: Object = {
            "type": "card_error",
            "code": card.decline.code,
            "message": card.decline.message,
            "charge": charge["id"],
        }
        if card.decline.decline_code:
            error["decline_code"] = card.decline.decline_code
        intent["status"] = "requires_payment_method"
        intent["payment_method"] = None
        intent["last_payment_error"] = dict(error)
        return {**error, "payment_intent": dict(intent)}

    def _capture(self, intent: Object, params: Params) -> Answer:
        if intent["status"] != "requires_capture":
            raise unexpected(intent, "capture")
        amount = (
            amount_of(params, "amount_to_capture")
            if "amount_to_capture" in params
            else intent["amount"]
        )
        if amount > intent["amount_capturable"]:
            raise Refusal(
                400,
                type="invalid_request_error",
                code="amount_too_large",
                param="amount_to_capture",
                message="More cannot be captured than was authorized.",
            )
        charge = self._get("charge", intent["latest_charge"])
        charge |= {"captured": True, "amount_captured": amount}
        intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        self._store.put(charge)
        self._store.put(intent)
        return self._shown(intent, params)

    def _cancel(self, intent: Object, params: Params) -> Answer:
        if intent["status"] in ("succeeded", "canceled"):
            raise unexpected(intent, "cancel")
        intent |= {
            "status": "canceled",
            "amount_capturable": 0,
            "canceled_at": int(self._clock()),
            "cancellation_reason": params.get("cancellation_reason"),
        }
        self._store.put(intent)
        return self._shown(intent, params)

    def _refund(self, params: Params) -> Answer:
        if "payment_intent" not in params:
            raise missing("payment_intent")
        intent = self._get("payment_intent", params["payment_intent"])
        if intent["status"] != "succeeded":
            raise unexpected(intent, "refund")
        charge = self._get("charge", intent["latest_charge"])
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = amount_of(params, "amount") if "amount" in params else left
        if amount > left or left == 0:
            raise Refusal(
                400,
                type="invalid_request_error",
                code="charge_already_refunded" if left == 0 else "amount_too_large",
                message="More cannot be refunded than was captured.",
            )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        refund = {
            "id": new_object_id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": int(self._clock()),
            "currency": intent["currency"],
            "metadata": metadata_of(params),
            "payment_intent": intent["id"],
            "reason": params.get("reason"),
            "status": "succeeded",
        }
        self._store.put(charge)
        self._store.put(refund)
        return Answer(200, refund)

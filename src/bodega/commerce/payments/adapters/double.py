"""Stripe's HTTP API as a local double: the same payloads, error codes, idempotency and events.

It keeps everything in SQLite, so a killed double comes back knowing every hold, capture and key.
`apps.provider` puts it behind HTTP; the client that talks to it is the one that talks to Stripe.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from bodega.commerce.payments.adapters import double_disputes as disputes
from bodega.commerce.payments.adapters import double_intents as intents
from bodega.commerce.payments.adapters import double_methods as methods
from bodega.commerce.payments.adapters import double_refunds as refunds
from bodega.commerce.payments.adapters.double_bench import Bench
from bodega.commerce.payments.adapters.double_requests import (
    Answer,
    Params,
    Refusal,
    authenticate,
)
from bodega.commerce.payments.adapters.double_store import DoubleStore, Object

KEY_LIFE = 24 * 3600
_KINDS = {
    "payment_intents": "payment_intent",
    "refunds": "refund",
    "charges": "charge",
    "customers": "customer",
    "payment_methods": "payment_method",
    "setup_intents": "setup_intent",
    "disputes": "dispute",
    "balance_transactions": "balance_transaction",
    "events": "event",
}
_CREATE: dict[str, Callable[[Bench, Params], Answer]] = {
    "payment_intents": intents.create,
    "refunds": refunds.create,
    "customers": methods.create_customer,
    "setup_intents": methods.create_setup,
}
_CHANGE: dict[tuple[str, str], Callable[[Bench, Object, Params], Answer]] = {
    ("payment_intents", "confirm"): intents.confirm,
    ("payment_intents", "capture"): intents.capture,
    ("payment_intents", "cancel"): intents.cancel,
    ("setup_intents", "confirm"): methods.confirm_setup,
    ("disputes", ""): disputes.update,
    ("disputes", "close"): lambda bench, found, _params: disputes.close(bench, found),
    ("payment_methods", "detach"): lambda bench, found, _params: methods.detach(bench, found["id"]),
}


class StripeDouble:
    """`answer` takes one request of Stripe's API; safe for one caller at a time."""

    def __init__(self, path: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        self.store = DoubleStore(path)
        self._clock = clock
        self.bench = Bench(self.store, clock)

    def close(self) -> None:
        self.store.close()

    def ripen(self) -> None:
        """What becomes of test cards' refunds by itself, with its events."""
        with self.store.transaction():
            refunds.ripen(self.bench)

    def answer(
        self,
        method: str,
        path: str,
        params: Params,
        *,
        authorization: str = "",
        idempotency_key: str | None = None,
    ) -> Answer:
        with self.store.transaction():
            try:
                authenticate(authorization)
                if method == "POST" and idempotency_key:
                    return self._once(idempotency_key, path, params)
                return self._route(method, path, params)
            except Refusal as refusal:
                return refusal.answer

    def challenged(self, reference: str) -> Object | None:
        """The intent whose buyer looks at the challenge page."""
        found = self.store.any(reference)
        kinds = ("payment_intent", "setup_intent")
        return found if found and found["object"] in kinds else None

    def act(self, reference: str, *, agreed: bool) -> str | None:
        """The buyer's answer on the challenge page; where they are sent, None when unknown."""
        with self.store.transaction():
            found = self.challenged(reference)
            if found is None:
                return None
            if found["object"] == "payment_intent":
                return intents.act(self.bench, found, agreed=agreed)
            return methods.act_setup(self.bench, found, agreed=agreed)

    def _once(self, key: str, path: str, params: Params) -> Answer:
        print_ = hashlib.sha256(json.dumps([path, sorted(params.items())]).encode()).hexdigest()
        kept = self.store.key(key, newer_than=self._clock() - KEY_LIFE)
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
            asked = f'"fingerprint":"{print_}","status":{answer.status}'
            self.store.keep_key(key, f'{{{asked},"body":{answer.text}}}', at=self._clock())
        return answer

    def _route(self, method: str, path: str, params: Params) -> Answer:
        _, name, *rest = [*path.strip("/").split("/"), ""][:-1]
        if method == "GET" and name in _KINDS:
            return self._read(name, rest, params)
        if method == "POST" and not rest and name in _CREATE:
            return _CREATE[name](self.bench, params)
        verb = rest[1] if len(rest) == 2 else ""
        if method == "POST" and rest and (name, verb) in _CHANGE:
            found = self.bench.get(_KINDS[name], rest[0])
            return _CHANGE[name, verb](self.bench, found, params)
        raise Refusal(
            404,
            type="invalid_request_error",
            message=f"Unrecognized request URL ({method}: {path}).",
        )

    def _read(self, name: str, rest: list[str], params: Params) -> Answer:
        kind = _KINDS[name]
        if name == "customers" and rest[1:] == ["payment_methods"]:
            return self.bench.listed("payment_method", {**params, "customer": rest[0]})
        if kind == "refund":
            self._ripen(rest, params)
        if not rest:
            return self.bench.listed(kind, params)
        return self.bench.shown(self.bench.get(kind, rest[0]), params)

    def _ripen(self, rest: list[str], params: Params) -> None:
        of = self.bench.get("refund", rest[0])["payment_intent"] if rest else None
        payment_intent = of or params.get("payment_intent")
        if payment_intent:
            refunds.ripen(self.bench, payment_intent)

"""What every part of the provider double works with: its objects, its clock, its events."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bodega.commerce.payments.adapters.double_requests import Answer, Params, Refusal, until
from bodega.commerce.payments.adapters.double_store import DoubleStore, Object, new_object_id

WEBHOOKS = "webhooks"
# Written out, so that the object in it becomes JSON once, for itself and its event.
_EVENT = (
    '{"id": "%s", "object": "event", "api_version": "2025-09-30.clover", "created": %d,'
    ' "data": {"object": %s}, "livemode": false, "pending_webhooks": %d,'
    ' "request": {"id": null, "idempotency_key": null}, "type": "%s"}'
)


@dataclass
class Bench:
    """`address` is where buyers reach the double's own pages, `webhooks` how webhooks travel."""

    store: DoubleStore
    clock: Callable[[], float]
    address: Callable[[], str] = str
    webhooks: Object = field(init=False)

    def __post_init__(self) -> None:
        self.webhooks = self.store.mode(WEBHOOKS)

    def travel(self, **mode: object) -> None:
        """Change how webhooks travel from now on."""
        with self.store.transaction():
            self.store.keep_mode(WEBHOOKS, self.webhooks | mode)
        self.webhooks |= mode

    def now(self) -> int:
        return int(self.clock())

    def get(self, kind: str, reference: str) -> Object:
        found = self.store.get(kind, reference)
        if found is None:
            raise Refusal(
                404,
                type="invalid_request_error",
                code="resource_missing",
                param="intent" if kind == "payment_intent" else "id",
                message=f"No such {kind}: '{reference}'",
            )
        return found

    def put(self, item: Object) -> None:
        self.store.put(item)

    def emit(self, kind: str, subject: Object) -> None:
        """Keeps the object as it is now, an event that tells of it, and the event's deliveries."""
        event, created, copies = new_object_id("evt"), self.now(), self._copies(kind)
        body = _EVENT % (event, created, self.store.put(subject), min(copies, 1), kind)
        self.store.put_event(event, created=created, body=body)
        for _ in range(copies):
            late = float(self.webhooks.get("delay_seconds", 0))
            late += random.uniform(0, float(self.webhooks.get("spread_seconds", 0)))
            self.store.add_delivery(event, due=self.clock() + late)

    def _copies(self, kind: str) -> int:
        """How often an event is delivered. As for Stripe's endpoints `*` is everything."""
        mode = self.webhooks
        enabled = mode.get("enabled_events") or ["*"]
        wanted = mode.get("url") and ("*" in enabled or kind in enabled)
        return int(mode.get("copies", 1)) if wanted else 0

    def shown(self, item: Object, params: Params) -> Answer:
        """With whatever `expand[]` asks for in place of its id."""
        paths = [value for name, value in params.items() if name.startswith("expand[")]
        for path in paths:
            item = self._expanded(item, path.removeprefix("data.").split("."))
        return Answer(200, item)

    def _expanded(self, item: Object, path: list[str]) -> Object:
        head, rest = path[0], path[1:]
        value: Any = item.get(head)
        if head == "refunds" and item["object"] == "charge":
            value = self._refunds(item)
        elif isinstance(value, str):
            value = self.store.any(value) or value
        if rest and isinstance(value, dict):
            value = self._expanded(value, rest)
        return {**item, head: value}

    def _refunds(self, charge: Object) -> Object:
        found = self.store.list(
            "refund",
            since=0,
            until=2**53,
            after=None,
            limit=10,
            payment_intent=charge["payment_intent"],
        )
        return {"object": "list", "url": "/v1/refunds", "has_more": False, "data": found}

    def listed(self, kind: str, params: Params) -> Answer:
        limit = min(100, max(1, int(params.get("limit", "10"))))
        found = self.store.list(
            kind,
            since=int(params.get("created[gte]", "0")),
            until=until(params),
            after=params.get("starting_after"),
            limit=limit + 1,
            payment_intent=params.get("payment_intent"),
            customer=params.get("customer"),
        )
        shown = [self.shown(item, params).body for item in found[:limit]]
        url = f"/v1/{kind}s"
        body = {"object": "list", "url": url, "has_more": len(found) > limit, "data": shown}
        return Answer(200, body)

    def booked(self, kind: str, source: Object, amount: int, fee: int = 0) -> str:
        """A balance transaction: what moved, less the provider's fee."""
        transaction = {
            "id": new_object_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": self.now(),
            "created": self.now(),
            "currency": source["currency"],
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [{"amount": fee, "currency": source["currency"], "type": "stripe_fee"}],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "available",
            "type": kind,
        }
        self.put(transaction)
        return str(transaction["id"])

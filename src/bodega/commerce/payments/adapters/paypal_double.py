"""PayPal's Orders v2 as a local double: approval, holds, captures, refunds, disputes, reports.

It answers as PayPal does what our client asks, with PayPal's own names of errors and one answer a
request id, and signs webhooks with a certificate of its own.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bodega.commerce.payments.adapters.double_store import DoubleStore, Object, new_object_id

TOKEN = "A21double"  # noqa: S105 - a double's
_NO_DECIMALS = ("HUF", "JPY", "TWD")
_NOTES = 2000
_FEE = Decimal("0.0349")
_FIXED_FEE = Decimal("0.30")


@dataclass(frozen=True, slots=True)
class PayPalAnswer:
    status: int
    body: Object = field(default_factory=dict)


class Refused(Exception):
    def __init__(self, status: int, name: str, issue: str) -> None:
        super().__init__(issue)
        details = [{"issue": issue, "description": issue.replace("_", " ").capitalize()}]
        self.answer = PayPalAnswer(status, {"name": name, "message": issue, "details": details})


def unprocessable(issue: str) -> Refused:
    return Refused(422, "UNPROCESSABLE_ENTITY", issue)


class PayPalDouble:
    """`answer` takes one request of PayPal's API; safe for one caller at a time. `held_as` and
    `taken_as` are how the next holds and captures stand: PENDING while PayPal looks into them."""

    def __init__(
        self, path: Path | str, *, address: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._store = DoubleStore(path)
        self.address = address
        self.held_as, self.taken_as = "CREATED", "COMPLETED"
        self._clock = clock

    def close(self) -> None:
        self._store.close()

    def answer(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        authorization: str = "",
        request_id: str | None = None,
    ) -> PayPalAnswer:
        with self._store.transaction():
            try:
                if path == "/v1/oauth2/token":
                    return _token(authorization)
                if authorization != f"Bearer {TOKEN}":
                    raise Refused(401, "AUTHENTICATION_FAILURE", "INVALID_TOKEN")
                return self._once(request_id, method, path, body or {}, params or {})
            except Refused as refused:
                return refused.answer

    def _once(
        self,
        request_id: str | None,
        method: str,
        path: str,
        body: Mapping[str, Any],
        params: Mapping[str, str],
    ) -> PayPalAnswer:
        key = f"{path}#{request_id}"
        kept = self._store.key(key, newer_than=self._clock() - 6 * 3600) if request_id else None
        if kept is not None:
            return PayPalAnswer(kept["status"], kept["body"])
        answer = self._route(method, path.strip("/").split("/"), body, params)
        if request_id is not None:
            kept = {"status": answer.status, "body": answer.body}
            self._store.keep_key(key, json.dumps(kept), at=self._clock())
        return answer

    def _route(
        self, method: str, path: list[str], body: Mapping[str, Any], params: Mapping[str, str]
    ) -> PayPalAnswer:
        match (method, path):
            case ("POST", ["v2", "checkout", "orders"]):
                answer = self._create(body)
            case ("GET", ["v2", "checkout", "orders", order]):
                answer = PayPalAnswer(200, self._get("order", order))
            case ("POST", ["v2", "checkout", "orders", order, "authorize" | "capture" as verb]):
                answer = self._finish(self._get("order", order), verb)
            case ("POST", ["v2", "payments", "authorizations", hold, "capture"]):
                answer = self._capture(self._order_with("authorizations", hold), body)
            case ("POST", ["v2", "payments", "authorizations", hold, "void"]):
                answer = self._void(self._order_with("authorizations", hold))
            case ("POST", ["v2", "payments", "captures", capture, "refund"]):
                answer = self._refund(self._order_with("captures", capture), body)
            case ("GET", ["v1", "reporting", "transactions"]):
                answer = self._report(params)
            case ("GET", ["v1", "customer", "disputes"]):
                answer = PayPalAnswer(200, {"items": self._all("dispute")})
            case ("GET", ["v1", "customer", "disputes", dispute]):
                answer = PayPalAnswer(200, self._get("dispute", dispute))
            case ("POST", ["v1", "customer", "disputes", dispute, "provide-evidence"]):
                answer = self._evidence(self._get("dispute", dispute), body)
            case _:
                raise Refused(404, "RESOURCE_NOT_FOUND", "INVALID_URI")
        return answer

    def _get(self, kind: str, reference: str) -> Object:
        found = self._store.get(kind, reference)
        if found is None:
            raise Refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
        return found

    def _all(self, kind: str) -> list[Object]:
        return self._store.list(
            kind, since=0, until=2**53, after=None, limit=1000, payment_intent=None
        )

    def _order_with(self, kind: str, reference: str) -> Object:
        for order in self._all("order"):
            if any(item["id"] == reference for item in _payments(order)[kind]):
                return order
        raise Refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")

    def _create(self, body: Mapping[str, Any]) -> PayPalAnswer:
        [unit] = body["purchase_units"]
        _demand_amount(unit["amount"])
        reference = new_object_id("O")
        context = body["payment_source"]["paypal"]["experience_context"]
        order = {
            "id": reference,
            "object": "order",
            "created": int(self._clock()),
            "create_time": self._now(),
            "intent": body["intent"],
            "status": "PAYER_ACTION_REQUIRED",
            "return_url": context["return_url"],
            "cancel_url": context["cancel_url"],
            "purchase_units": [
                {
                    **unit,
                    "reference_id": "default",
                    "payments": {"authorizations": [], "captures": [], "refunds": []},
                }
            ],
            "links": [
                {
                    "rel": "payer-action",
                    "method": "GET",
                    "href": f"{self.address}/checkoutnow?token={reference}",
                }
            ],
        }
        self._store.put(order)
        return PayPalAnswer(201, order)

    def decide(self, reference: str, *, approve: bool) -> str | None:
        """The buyer on PayPal's page; where the browser goes next, None for no such order."""
        with self._store.transaction():
            order = self._store.get("order", reference)
            if order is None:
                return None
            if approve and order["status"] == "PAYER_ACTION_REQUIRED":
                self._store.put(order | {"status": "APPROVED"})
            address = order["return_url" if approve else "cancel_url"]
            return f"{address}{'&' if '?' in address else '?'}token={reference}"

    def _finish(self, order: Object, verb: str) -> PayPalAnswer:
        if order["status"] == "COMPLETED":
            done = "AUTHORIZED" if verb == "authorize" else "CAPTURED"
            raise unprocessable(f"ORDER_ALREADY_{done}")
        if order["status"] != "APPROVED":
            raise unprocessable("ORDER_NOT_APPROVED")
        amount = order["purchase_units"][0]["amount"]
        if verb == "authorize":
            _payments(order)["authorizations"].append(self._part(self.held_as, amount))
        else:
            _payments(order)["captures"].append(self._part("COMPLETED", amount))
        return self._kept(201, order | {"status": "COMPLETED"})

    def _capture(self, order: Object, body: Mapping[str, Any]) -> PayPalAnswer:
        hold = _payments(order)["authorizations"][0]
        if hold["status"] != "CREATED":
            raise unprocessable(f"AUTHORIZATION_{'ALREADY_' * (hold['status'] == 'CAPTURED')}"
                                f"{hold['status']}")  # fmt: skip
        amount = body.get("amount") or hold["amount"]
        if Decimal(amount["value"]) > Decimal(hold["amount"]["value"]):
            raise unprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED")
        if self.taken_as != "DECLINED":
            hold["status"] = "CAPTURED"
        _payments(order)["captures"].append(self._part(self.taken_as, amount))
        return self._kept(201, order)

    def _void(self, order: Object) -> PayPalAnswer:
        hold = _payments(order)["authorizations"][0]
        if hold["status"] == "CAPTURED":
            raise unprocessable("PREVIOUSLY_CAPTURED")
        if hold["status"] == "VOIDED":
            raise unprocessable("PREVIOUSLY_VOIDED")
        hold["status"] = "VOIDED"
        self._kept(204, order)
        return PayPalAnswer(204)

    def _refund(self, order: Object, body: Mapping[str, Any]) -> PayPalAnswer:
        capture = _payments(order)["captures"][0]
        gone = sum(Decimal(item["amount"]["value"]) for item in _payments(order)["refunds"])
        left = Decimal(capture["amount"]["value"]) - gone
        if not left:
            raise unprocessable("CAPTURE_FULLY_REFUNDED")
        currency = capture["amount"]["currency_code"]
        amount = body.get("amount") or {"currency_code": currency, "value": str(left)}
        if Decimal(amount["value"]) > left:
            raise unprocessable("REFUND_AMOUNT_EXCEEDED")
        refund = self._part("COMPLETED", amount) | {"custom_id": body.get("custom_id")}
        _payments(order)["refunds"].append(refund)
        whole = Decimal(amount["value"]) == left
        capture["status"] = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
        self._kept(201, order)
        return PayPalAnswer(201, refund)

    def _kept(self, status: int, order: Object) -> PayPalAnswer:
        self._store.put(order)
        return PayPalAnswer(status, order)

    def _part(self, status: str, amount: Mapping[str, str]) -> Object:
        return {
            "id": new_object_id("P"),
            "status": status,
            "amount": dict(amount),
            "create_time": self._now(),
        }

    def dispute(self, order: str, *, reason: str = "UNAUTHORISED") -> Object:
        """The buyer objects to an order."""
        with self._store.transaction():
            found = self._get("order", order)
            capture = _payments(found)["captures"][0]
            unit = found["purchase_units"][0]
            reference = new_object_id("PP-D")
            opened = {
                "id": reference,
                "object": "dispute",
                "created": int(self._clock()),
                "dispute_id": reference,
                "create_time": self._now(),
                "reason": reason,
                "status": "WAITING_FOR_SELLER_RESPONSE",
                "dispute_amount": capture["amount"],
                "dispute_life_cycle_stage": "CHARGEBACK",
                "disputed_transactions": [
                    {"seller_transaction_id": capture["id"], "custom": unit.get("custom_id")}
                ],
            }
            self._store.put(opened)
            return opened

    def clear(self, order: str) -> None:
        """The capture that PayPal looked into was right."""
        with self._store.transaction():
            found = self._get("order", order)
            _payments(found)["captures"][0]["status"] = "COMPLETED"
            self._store.put(found)

    def _evidence(self, dispute: Object, sent: Mapping[str, Any]) -> PayPalAnswer:
        if "input" not in sent:
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE")
        body = sent["input"]
        if any(len(one["notes"]) > _NOTES for one in body["evidences"]):
            raise Refused(400, "INVALID_REQUEST", "INVALID_STRING_MAX_LENGTH")
        if dispute["status"] != "WAITING_FOR_SELLER_RESPONSE":
            raise unprocessable("DISPUTE_NOT_WAITING_FOR_SELLER")
        self._store.put(dispute | {"status": "UNDER_REVIEW", "evidences": body["evidences"]})
        return PayPalAnswer(200, {"links": []})

    def _report(self, params: Mapping[str, str]) -> PayPalAnswer:
        since, until = (datetime.fromisoformat(params[name]) for name in ("start_date", "end_date"))
        found = [
            {"transaction_info": info}
            for order in self._all("order")
            for info in _transactions(order)
            if since <= datetime.fromisoformat(info["transaction_initiation_date"]) <= until
        ]
        return PayPalAnswer(200, {"transaction_details": found, "page": 1, "total_pages": 1})

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat().replace("+00:00", "Z")


def _token(authorization: str) -> PayPalAnswer:
    if not authorization.startswith("Basic "):
        raise Refused(401, "invalid_client", "CLIENT_AUTHENTICATION_FAILED")
    return PayPalAnswer(200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 32400})


def _demand_amount(amount: Mapping[str, str]) -> None:
    if amount["currency_code"] in _NO_DECIMALS and "." in amount["value"]:
        raise unprocessable("DECIMALS_NOT_SUPPORTED")
    if Decimal(amount["value"]) <= 0:
        raise unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE")


def _payments(order: Object) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = order["purchase_units"][0]["payments"]
    return found


def _transactions(order: Object) -> list[Object]:
    parts, custom = _payments(order), order["purchase_units"][0].get("custom_id")
    found = [
        _transaction(hold, "T1300", "V" if hold["status"] == "VOIDED" else "S", custom=custom)
        for hold in parts["authorizations"]
    ]
    for capture in parts["captures"]:
        value = Decimal(capture["amount"]["value"])
        fee = {**capture["amount"], "value": f"-{value * _FEE + _FIXED_FEE:.2f}"}
        found.append(_transaction(capture, "T0006", "S", custom=custom) | {"fee_amount": fee})
        found += [
            _transaction(refund, "T1107", "S", custom=refund["custom_id"], sign="-")
            | {"paypal_reference_id": capture["id"], "paypal_reference_id_type": "TXN"}
            for refund in parts["refunds"]
        ]
    return found


def _transaction(
    part: Object, code: str, status: str, *, custom: str | None, sign: str = ""
) -> Object:
    return {
        "transaction_id": part["id"],
        "transaction_event_code": code,
        "transaction_status": status,
        "transaction_initiation_date": part["create_time"],
        "transaction_amount": {**part["amount"], "value": sign + part["amount"]["value"]},
        "custom_field": custom,
    }

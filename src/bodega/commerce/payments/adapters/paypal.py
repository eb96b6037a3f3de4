"""PayPal's Orders v2: the buyer approves at PayPal, the money is held, then taken.

An order is made with intent AUTHORIZE, approved by its buyer, and authorised by `retrieve`. Until
then it holds no money, so one whose answer was lost is simply made again under the same request id.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters import paypal_reading as reading
from bodega.commerce.payments.adapters.paypal_http import PayPalError, PayPalRoad
from bodega.commerce.payments.adapters.paypal_transactions import records
from bodega.commerce.payments.adapters.port import (
    Authorisation,
    ProviderDispute,
    ProviderPayment,
    ProviderRecord,
    ProviderRefund,
)
from bodega.commerce.payments.errors import ProviderRefused
from bodega.kernel.money import Money

_ORDERS = "/v2/checkout/orders"
_DISPUTES = "/v1/customer/disputes"
_WINDOW = timedelta(days=31)
_NO_RETURN = "authentication_required"
_NOTES = 2000


class PayPalProvider:
    """Answers `Provider`."""

    name = "paypal"

    def __init__(
        self, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._road = PayPalRoad(settings, transport=transport)

    async def authorise(self, asked: Authorisation) -> ProviderPayment:
        if asked.return_url is None:
            return ProviderPayment(None, "declined", asked.amount, failure_code=_NO_RETURN)
        try:
            order = await self._road.ask(
                "POST", _ORDERS, body=_order(asked), request_id=f"order-{asked.payment_id}"
            )
        except PayPalError as error:
            return _declined(error, asked.amount)
        return await self._advanced(asked.payment_id, order)

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        """PayPal has no search by our id; asking to authorise again under the same id is one."""
        return None

    async def retrieve(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        return await self._advanced(payment_id, await self._order(reference))

    async def _advanced(self, payment_id: UUID, order: dict[str, Any]) -> ProviderPayment:
        """An approved order is authorised, or captured if that was its intent."""
        if order["status"] != "APPROVED":
            return reading.read_order(order)
        verb = "authorize" if order["intent"] == "AUTHORIZE" else "capture"
        address = f"{_ORDERS}/{order['id']}/{verb}"
        try:
            await self._road.ask("POST", address, body={}, request_id=f"{verb}-{payment_id}")
        except PayPalError as error:
            if error.issue not in ("ORDER_ALREADY_AUTHORIZED", "ORDER_ALREADY_CAPTURED"):
                return _declined(error, reading.read_order(order).amount, str(order["id"]))
        return reading.read_order(await self._order(str(order["id"])))

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        hold = reading.hold_id(await self._order(reference))
        try:
            await self._road.ask(
                "POST",
                f"/v2/payments/authorizations/{hold}/capture",
                body={"amount": reading.to_paypal(amount), "final_capture": True},
                request_id=f"capture-{payment_id}",
            )
        except PayPalError:
            return reading.read_order(await self._order(reference))
        return reading.read_order(await self._order(reference))

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        """A hold goes first, also one whose capture was declined: it keeps money from its buyer."""
        order = await self._order(reference)
        if hold := reading.open_hold(order):
            address = f"/v2/payments/authorizations/{hold}/void"
            await self._insisted(address, f"void-{payment_id}", "PREVIOUSLY_VOIDED")
            return ProviderPayment(reference, "cancelled", reading.asked(order))
        standing = reading.read_order(order)
        if standing.status == "captured":
            await self._give_back(payment_id, order)
            return ProviderPayment(reference, "refunded", standing.amount)
        if standing.status == "requires_action":
            return ProviderPayment(reference, "cancelled", standing.amount)
        return standing

    async def _give_back(self, payment_id: UUID, order: dict[str, Any]) -> None:
        address = f"/v2/payments/captures/{reading.capture_id(order)}/refund"
        await self._insisted(address, f"refund-{payment_id}", "CAPTURE_FULLY_REFUNDED")

    async def _insisted(self, address: str, request_id: str, done: str) -> None:
        """`done` is PayPal's word for: that happened before."""
        try:
            await self._road.ask("POST", address, body={}, request_id=request_id)
        except PayPalError as error:
            if error.issue != done:
                raise ProviderRefused(str(error)) from error

    async def refund(
        self, *, refund_id: UUID, reference: str, amount: Money, reason: str
    ) -> ProviderRefund:
        capture = reading.capture_id(await self._order(reference))
        body = {
            "amount": reading.to_paypal(amount),
            "custom_id": str(refund_id),
            "note_to_payer": reason[:255],
        }
        address = f"/v2/payments/captures/{capture}/refund"
        try:
            made = await self._road.ask("POST", address, body=body, request_id=f"r-{refund_id}")
        except PayPalError as error:
            return ProviderRefund("", "failed", amount, refund_id, error.issue.lower())
        return reading.read_refund(made | {"custom_id": str(refund_id)})

    async def find_refund(self, *, refund_id: UUID, reference: str) -> ProviderRefund | None:
        for refund in reading.refunds(await self._order(reference)):
            if refund.get("custom_id") == str(refund_id):
                return reading.read_refund(refund)
        return None

    async def list_payments(
        self, *, since: datetime, until: datetime
    ) -> AsyncIterator[ProviderRecord]:
        """From the transaction report, which knows a payment up to three hours after it."""
        found: dict[str, dict[str, Any]] = {}
        start = since
        while start < until:
            end = min(start + _WINDOW, until)
            found |= {one["transaction_id"]: one for one in await self._transactions(start, end)}
            start = end
        for record in records(found.values()):
            yield record

    async def _transactions(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = pages = 1
        asked: dict[str, Any] = {
            "start_date": start.isoformat(timespec="seconds"),
            "end_date": end.isoformat(timespec="seconds"),
            "fields": "transaction_info",
            "page_size": 500,
        }
        while page <= pages:
            answer = await self._report(asked | {"page": page})
            found += [item["transaction_info"] for item in answer["transaction_details"]]
            page, pages = page + 1, int(answer["total_pages"])
        return found

    async def _report(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._road.ask("GET", "/v1/reporting/transactions", params=asked)
        except PayPalError as error:
            raise ProviderRefused(f"PayPal's transaction report says {error}") from error

    async def dispute(self, reference: str) -> ProviderDispute | None:
        try:
            return reading.read_dispute(await self._road.ask("GET", f"{_DISPUTES}/{reference}"))
        except PayPalError as error:
            if error.status == 404:
                return None
            raise ProviderRefused(str(error)) from error

    async def list_disputes(
        self, *, since: datetime, until: datetime
    ) -> AsyncIterator[ProviderDispute]:
        asked: dict[str, Any] = {"start_time": since.isoformat(timespec="milliseconds")}
        while True:
            page = await self._road.ask("GET", _DISPUTES, params={"page_size": 50, **asked})
            for item in map(reading.read_dispute, page["items"]):
                if item.created_at < until:
                    yield item
            token = page.get("next_page_token")
            if not token:
                return
            asked = {"next_page_token": token}

    async def submit_evidence(
        self, reference: str, *, evidence: Mapping[str, str], submit: bool
    ) -> ProviderDispute:
        """PayPal keeps no drafts: only what is submitted is sent."""
        if submit:
            told = {"evidences": list(_evidences(evidence))}
            form = {"input": ("input.json", json.dumps(told), "application/json")}
            try:
                await self._road.ask(
                    "POST", f"{_DISPUTES}/{reference}/provide-evidence", files=form
                )
            except PayPalError as error:
                raise ProviderRefused(str(error)) from error
        found = await self.dispute(reference)
        if found is None:
            raise ProviderRefused(f"PayPal does not know {reference}")
        return found

    async def _order(self, reference: str) -> dict[str, Any]:
        try:
            return await self._road.ask("GET", f"{_ORDERS}/{reference}")
        except PayPalError as error:
            raise ProviderRefused(f"PayPal does not know {reference}") from error

    async def aclose(self) -> None:
        await self._road.aclose()


def _evidences(evidence: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """PayPal takes notes of 2,000 characters, and as many as there are to tell."""
    notes = "\n".join(f"{name}: {value}" for name, value in evidence.items())
    for start in range(0, len(notes), _NOTES):
        yield {"evidence_type": "OTHER", "notes": notes[start : start + _NOTES]}


def _order(asked: Authorisation) -> dict[str, Any]:
    context = {
        "return_url": asked.return_url,
        "cancel_url": asked.return_url,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
    }
    return {
        "intent": "AUTHORIZE" if asked.capture == "manual" else "CAPTURE",
        "purchase_units": [
            {"custom_id": str(asked.payment_id), "amount": reading.to_paypal(asked.amount)}
        ],
        "payment_source": {"paypal": {"experience_context": context}},
    }


def _declined(error: PayPalError, amount: Money, reference: str | None = None) -> ProviderPayment:
    return ProviderPayment(
        reference,
        "declined",
        amount,
        failure_code=error.issue.lower()[:60],
        failure_detail=error.detail,
    )

"""Stripe's PaymentIntents, refunds and disputes, through its official client.

Idempotency keys follow from our ids, so a repeated call has its effect once.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import stripe

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.payments.adapters import stripe_reading as reading
from bodega.commerce.payments.adapters.port import (
    Authorisation,
    ProviderDispute,
    ProviderPayment,
    ProviderRecord,
    ProviderRefund,
)
from bodega.commerce.payments.adapters.stripe_http import StripeRoad, asked
from bodega.commerce.payments.adapters.stripe_money import NOT_CHARGEABLE, to_stripe, unchargeable
from bodega.commerce.payments.errors import ProviderRefused
from bodega.kernel.money import Money

log = get_logger(__name__)

_KEY_LIFE = timedelta(hours=24)
_SKEW = timedelta(minutes=5)
_CARD: Any = ["latest_charge"]
_BOOKS: Any = ["data.latest_charge.balance_transaction", "data.latest_charge.refunds"]


class StripeProvider:
    """Answers `Provider`."""

    name = "stripe"

    def __init__(self, settings: Settings) -> None:
        self._road = StripeRoad(settings)
        self._intents = self._road.api.payment_intents
        self._refunds = self._road.api.refunds
        self._disputes = self._road.api.disputes

    async def authorise(self, asked_for: Authorisation) -> ProviderPayment:
        if refused := unchargeable(asked_for.amount):
            code, detail = refused
            return ProviderPayment(None, "declined", asked_for.amount, None, None, code, detail)
        call = self._road.post(
            "payment_intents", _intent(asked_for), key=f"authorise-{asked_for.payment_id}"
        )
        try:
            return reading.payment(await asked(call))
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            return reading.declined(error, asked_for.amount)

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        pages = self._pages(since - _SKEW, since + _KEY_LIFE, ["data.latest_charge"])
        async for intent in pages:
            if reading.our_id(intent, "payment_id") == payment_id:
                return reading.payment(intent)
        return None

    async def retrieve(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        call = self._intents.retrieve_async(reference, {"expand": _CARD})
        try:
            return reading.payment(await asked(call))
        except stripe.InvalidRequestError as error:
            raise ProviderRefused(f"The provider does not know {reference}") from error

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        try:
            call = self._road.post(
                f"payment_intents/{reference}/capture",
                {"amount_to_capture": to_stripe(amount)},
                key=f"capture-{payment_id}",
            )
            return reading.payment(await asked(call))
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            log.warning("capture_refused", payment_id=str(payment_id), code=error.code)
            return await self.retrieve(payment_id=payment_id, reference=reference)

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        standing = await self.retrieve(payment_id=payment_id, reference=reference)
        if standing.status in ("authorised", "requires_action"):
            standing = await self._cancel(payment_id, reference)
        if standing.status != "captured":
            return standing
        await self._give_back(payment_id, reference)
        return ProviderPayment(reference, "refunded", standing.amount)

    async def refund(
        self, *, refund_id: UUID, reference: str, amount: Money, reason: str
    ) -> ProviderRefund:
        try:
            call = self._refunds.create_async(
                {
                    "payment_intent": reference,
                    "amount": to_stripe(amount),
                    "reason": "requested_by_customer",
                    "metadata": {"refund_id": str(refund_id), "reason": reason[:500]},
                },
                {"idempotency_key": f"refund-{refund_id}"},
            )
            return reading.refund(await asked(call))
        except ValueError:
            return ProviderRefund("", "failed", amount, refund_id, NOT_CHARGEABLE)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            log.warning("refund_refused", refund_id=str(refund_id), code=error.code)
            return ProviderRefund("", "failed", amount, refund_id, error.code or "refused")

    async def find_refund(self, *, refund_id: UUID, reference: str) -> ProviderRefund | None:
        page = await asked(self._refunds.list_async({"payment_intent": reference, "limit": 100}))
        async for found in _every(page):
            if reading.our_id(found, "refund_id") == refund_id:
                return reading.refund(found)
        return None

    async def list_payments(
        self, *, since: datetime, until: datetime
    ) -> AsyncIterator[ProviderRecord]:
        async for intent in self._pages(since, until, _BOOKS):
            yield reading.record(intent)

    async def dispute(self, reference: str) -> ProviderDispute | None:
        try:
            return reading.dispute(await asked(self._disputes.retrieve_async(reference)))
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return None
            raise ProviderRefused(str(error.user_message)) from error

    async def list_disputes(
        self, *, since: datetime, until: datetime
    ) -> AsyncIterator[ProviderDispute]:
        page = await asked(
            self._disputes.list_async({"created": _between(since, until), "limit": 100})
        )
        async for found in _every(page):
            yield reading.dispute(found)

    async def submit_evidence(
        self, reference: str, *, evidence: Mapping[str, str], submit: bool
    ) -> ProviderDispute:
        given: Any = dict(evidence)
        call = self._disputes.update_async(reference, {"evidence": given, "submit": submit})
        try:
            return reading.dispute(await asked(call))
        except stripe.InvalidRequestError as error:
            raise ProviderRefused(str(error.user_message)) from error

    async def aclose(self) -> None:
        await self._road.aclose()

    async def _cancel(self, payment_id: UUID, reference: str) -> ProviderPayment:
        """A buyer who acts in this very moment may be faster: then the money is taken."""
        options: Any = {"idempotency_key": f"cancel-{payment_id}"}
        try:
            cancelled = await asked(self._intents.cancel_async(reference, {}, options))
            return ProviderPayment(reference, "cancelled", reading.payment(cancelled).amount)
        except stripe.InvalidRequestError as error:
            log.warning("cancel_refused", payment_id=str(payment_id), code=error.code)
            standing = await self.retrieve(payment_id=payment_id, reference=reference)
            if standing.status in ("authorised", "requires_action"):
                raise ProviderRefused(str(error.user_message)) from error
            return standing

    async def _give_back(self, payment_id: UUID, reference: str) -> None:
        call = self._refunds.create_async(
            {"payment_intent": reference, "metadata": {"payment_id": str(payment_id)}},
            {"idempotency_key": f"refund-{payment_id}"},
        )
        try:
            await asked(call)
        except stripe.InvalidRequestError as error:
            if error.code != "charge_already_refunded":
                raise ProviderRefused(str(error.user_message)) from error

    async def _pages(
        self, since: datetime, until: datetime, expand: Any
    ) -> AsyncIterator[stripe.PaymentIntent]:
        page = await asked(
            self._intents.list_async(
                {"created": _between(since, until), "limit": 100, "expand": expand}
            )
        )
        async for intent in _every(page):
            yield intent


async def _every(page: Any) -> AsyncIterator[Any]:
    while True:
        for found in page.data:
            yield found
        if not page.has_more:
            return
        page = await asked(page.next_page_async())


def _between(since: datetime, until: datetime) -> Any:
    return {"gte": int(since.timestamp()), "lt": int(until.timestamp())}


def _intent(wanted: Authorisation) -> dict[str, Any]:
    """A PaymentIntent to create and confirm; with somewhere to return to it may ask for 3-D
    Secure, which a card then does on a page of its bank."""
    asking: dict[str, Any] = {
        "amount": to_stripe(wanted.amount),
        "currency": wanted.amount.currency.lower(),
        "capture_method": wanted.capture,
        "confirm": True,
        "payment_method": wanted.token,
        "metadata": {"payment_id": str(wanted.payment_id)},
        "expand": _CARD,
    }
    if wanted.customer:
        asking["customer"] = wanted.customer
    if wanted.customer and wanted.save:
        asking["setup_future_usage"] = "off_session"
    if wanted.off_session:
        return asking | {"payment_method_types": ["card"], "off_session": True}
    if wanted.return_url:
        return asking | {"payment_method_types": ["card"], "return_url": wanted.return_url}
    methods = {"enabled": True, "allow_redirects": "never"}
    return asking | {"error_on_requires_action": True, "automatic_payment_methods": methods}

"""Stripe's PaymentIntents with manual capture, through its official client.

Idempotency keys follow from our payment's id, so a repeated call has its effect once. The client
repeats what may be repeated (no connection, 409, 5xx) with backoff and jitter, under the same key.
"""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import stripe

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.payments.adapters.port import ProviderPayment
from bodega.commerce.payments.errors import ProviderRefused, ProviderUnreachable
from bodega.kernel.money import Money, exponent

log = get_logger(__name__)
T = TypeVar("T")

_KEY_LIFE = timedelta(hours=24)
_SKEW = timedelta(minutes=5)
# Kept at two decimals by Stripe although ISO 4217 has none (docs.stripe.com/currencies).
_TWO_DECIMALS = frozenset({"ISK", "UGX"})
_CARD: Any = ["latest_charge"]


class _Http(stripe.HTTPXClient):
    """Hands the encoded form to httpx as content; as `data` httpx calls it deprecated."""

    def _get_request_args_kwargs(
        self, method: str, url: str, headers: Any, post_data: Any
    ) -> tuple[Any, Any]:
        inherited: Any = super()._get_request_args_kwargs
        arguments, options = inherited(method, url, headers, post_data)
        form = options.pop("data", None)
        return arguments, options | {"content": form or b""}


class StripeProvider:
    """Answers `Provider`. `payments_url` points at Stripe or at its local double."""

    name = "stripe"

    def __init__(self, settings: Settings) -> None:
        stripe.enable_telemetry = False
        self._http = _Http(timeout=settings.payments_timeout_seconds)
        self._client = stripe.StripeClient(
            settings.payments_secret_key.get_secret_value(),
            base_addresses={"api": settings.payments_url},
            http_client=self._http,
            max_network_retries=1,
        )
        self._intents = self._client.v1.payment_intents

    async def authorise(self, *, payment_id: UUID, amount: Money, token: str) -> ProviderPayment:
        call = self._intents.create_async(
            {
                "amount": to_stripe(amount),
                "currency": amount.currency.lower(),
                "capture_method": "manual",
                "confirm": True,
                "error_on_requires_action": True,
                "payment_method": token,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "metadata": {"payment_id": str(payment_id)},
                "expand": _CARD,
            },
            {"idempotency_key": f"authorise-{payment_id}"},
        )
        try:
            return _read(await _asked(call))
        except stripe.CardError as error:
            return _declined(error, amount)
        except stripe.InvalidRequestError as error:
            return _declined(error, amount)

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        earliest, latest = since - _SKEW, since + _KEY_LIFE
        page = await _asked(
            self._intents.list_async(
                {
                    "created": {
                        "gte": int(earliest.timestamp()),
                        "lte": int(latest.timestamp()),
                    },
                    "limit": 100,
                    "expand": ["data.latest_charge"],
                }
            )
        )
        while True:
            for intent in page.data:
                if getattr(intent.metadata, "payment_id", None) == str(payment_id):
                    return _read(intent)
            if not page.has_more:
                return None
            page = await _asked(page.next_page_async())

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        call = self._intents.capture_async(
            reference,
            {"amount_to_capture": to_stripe(amount), "expand": _CARD},
            {"idempotency_key": f"capture-{payment_id}"},
        )
        try:
            return _read(await _asked(call))
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            log.warning("capture_refused", payment_id=str(payment_id), code=error.code)
            return await self._look(reference)

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        standing = await self._look(reference)
        if standing.status == "captured":
            await self._refund(payment_id, reference)
            return ProviderPayment(reference, "refunded", standing.amount)
        if standing.status == "authorised":
            options: Any = {"idempotency_key": f"cancel-{payment_id}"}
            return _read(await _asked(self._intents.cancel_async(reference, {}, options)))
        return standing

    async def _refund(self, payment_id: UUID, reference: str) -> None:
        call = self._client.v1.refunds.create_async(
            {"payment_intent": reference, "metadata": {"payment_id": str(payment_id)}},
            {"idempotency_key": f"refund-{payment_id}"},
        )
        try:
            await _asked(call)
        except stripe.InvalidRequestError as error:
            if error.code != "charge_already_refunded":
                raise ProviderRefused(str(error.user_message)) from error

    async def _look(self, reference: str) -> ProviderPayment:
        call = self._intents.retrieve_async(reference, {"expand": _CARD})
        try:
            return _read(await _asked(call))
        except stripe.InvalidRequestError as error:
            raise ProviderRefused(f"The provider does not know {reference}") from error

    async def aclose(self) -> None:
        close: Any = self._http.close_async
        await close()


async def _asked(call: Awaitable[T]) -> T:
    """Raises ProviderUnreachable for a lost answer, ProviderRefused for wrong credentials; card and
    request errors pass through."""
    try:
        return await call
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except (stripe.AuthenticationError, stripe.PermissionError, stripe.IdempotencyError) as error:
        log.error("provider_refused", error=type(error).__name__, request=error.request_id)
        raise ProviderRefused from error
    except stripe.StripeError as error:
        log.warning("provider_unreachable", error=type(error).__name__, status=error.http_status)
        raise ProviderUnreachable from error


def to_stripe(money: Money) -> int:
    """Our minor units as Stripe counts them."""
    return money.amount * 100 if money.currency in _TWO_DECIMALS else money.amount


def from_stripe(amount: int, currency: str) -> Money:
    code = currency.upper()
    units = amount // 100 if code in _TWO_DECIMALS and exponent(code) == 0 else amount
    return Money(amount=units, currency=code)


def _read(intent: Any) -> ProviderPayment:
    """A PaymentIntent in our words. Raises ProviderUnreachable while it is being processed."""
    card = _card(intent)
    captured = intent.status == "succeeded"
    money = from_stripe(intent.amount_received if captured else intent.amount, intent.currency)
    if intent.status == "requires_capture":
        return ProviderPayment(intent.id, "authorised", money, *card)
    if captured:
        return ProviderPayment(intent.id, "captured", money, *card)
    if intent.status == "canceled":
        return ProviderPayment(intent.id, "cancelled", money, *card)
    if intent.status == "processing":
        raise ProviderUnreachable("The provider is still processing the payment")
    code, detail = _failure(intent.last_payment_error)
    return ProviderPayment(intent.id, "declined", money, None, None, code, detail)


def _card(intent: Any) -> tuple[str | None, str | None]:
    charge = intent.latest_charge
    details = getattr(charge, "payment_method_details", None)
    card = getattr(details, "card", None)
    return (card.brand, card.last4) if card else (None, None)


def _failure(error: Any) -> tuple[str, str | None]:
    if not error:
        return "not_confirmed", None
    decline: str | None = getattr(error, "decline_code", None)
    code: str | None = getattr(error, "code", None)
    chosen = decline if code == "card_declined" and decline else code
    return chosen or "card_declined", getattr(error, "message", None)


def _declined(error: stripe.StripeError, amount: Money) -> ProviderPayment:
    code, detail = _failure(error.error)
    intent = getattr(error.error, "payment_intent", None)
    reference = intent.id if intent else None
    return ProviderPayment(reference, "declined", amount, None, None, code, detail)

"""The road to Stripe: its official client, what it repeats, and which answers count as lost.

What may be repeated (no connection, 409, 429, 5xx) is, with exponential backoff and jitter, no
sooner than `Retry-After` says and under the same idempotency key. What is still unanswered then is
asked after, not guessed.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import stripe

from bodega.backbone.http.session import LateSession
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import OUTSIDE_SECONDS
from bodega.commerce.payments.adapters.patience import (
    LONGEST_WAIT,
    retry_after,
    retryable,
    wait_before,
)
from bodega.commerce.payments.errors import ProviderRefused, ProviderUnreachable

log = get_logger(__name__)
T = TypeVar("T")
_NOT_YET: Any = object()


class _Http(stripe.AIOHTTPClient):
    """Of the SDK's clients the one that costs least, over a session of ours. Waits as `patience`
    says; the client asks whether and how long in one go, without giving up the loop in between, so
    `_asked_for` is of the same request."""

    def __init__(self, *, timeout: float, longest: float) -> None:
        super().__init__(timeout=timeout, _lib=_NOT_YET)
        self._longest = longest
        self._asked_for: str | None = None
        self._late = LateSession(seconds=timeout, limit=0)

    async def close_async(self) -> None:
        await self._late.close()

    def _should_retry(
        self, response: Any, api_connection_error: Any, num_retries: int, max_network_retries: Any
    ) -> bool:
        self._asked_for = None
        inherited: Any = super()._should_retry
        if response is None:
            return bool(inherited(None, api_connection_error, num_retries, max_network_retries))
        _, status, headers = response
        self._asked_for = headers.get("retry-after")
        if num_retries >= (max_network_retries or 0):
            return False
        if (retry_after(self._asked_for) or 0.0) > self._longest:
            return False
        advice = headers.get("stripe-should-retry")
        return bool(advice == "true" if advice else retryable(status))

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return wait_before(num_retries, self._asked_for)

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> tuple[bytes, int, Any]:
        """An answer that breaks off in the middle is a lost one, too."""
        try:
            async with self._late.opened.request(
                method, url, headers=headers, data=post_data, allow_redirects=False
            ) as answer:
                return await answer.read(), answer.status, answer.headers
        except Exception as error:
            self._handle_request_error(error)


class StripeRoad:
    """Stripe's client; `payments_url` points at Stripe or at its local double."""

    def __init__(self, settings: Settings) -> None:
        stripe.enable_telemetry = False
        seconds = settings.payments_timeout_seconds
        self._http = _Http(
            timeout=seconds,
            longest=max(seconds, LONGEST_WAIT),
        )
        self._client = stripe.StripeClient(
            settings.payments_secret_key.get_secret_value(),
            base_addresses={"api": settings.payments_url},
            http_client=self._http,
            max_network_retries=settings.payments_retries,
        )
        self.api = self._client.v1

    async def post(self, path: str, said: Mapping[str, Any], *, key: str) -> "Said":
        """What each sale asks goes to the same client by its path: to make objects of all that
        Stripe answers takes a third of a call."""
        answer = await self._client.raw_request_async(
            "post", f"/v1/{path}", idempotency_key=key, **said
        )
        return Said(answer.data)

    async def aclose(self) -> None:
        close: Any = self._http.close_async
        await close()


class Said:
    """An object of Stripe's, made of those parts that are looked at."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        if name not in self._parts:
            raise AttributeError(name)
        part = self._parts[name]
        return Said(part) if isinstance(part, Mapping) else part


async def asked(call: Awaitable[T]) -> T:
    """Raises ProviderUnreachable for a lost answer, ProviderRefused for wrong credentials; card and
    request errors pass through."""
    try:
        with OUTSIDE_SECONDS.labels("stripe").time():
            return await call
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except (stripe.AuthenticationError, stripe.PermissionError, stripe.IdempotencyError) as error:
        if error.http_status == 409:  # another request under the same key has not ended yet
            raise ProviderUnreachable from error
        log.error("provider_refused", error=type(error).__name__, request=error.request_id)
        raise ProviderRefused from error
    except stripe.StripeError as error:
        log.warning("provider_unreachable", error=type(error).__name__, status=error.http_status)
        raise ProviderUnreachable from error

"""The road to PayPal's REST API: a token of our own, repeats of what may be repeated, lost answers.

Every POST carries a `PayPal-Request-Id`, under which PayPal keeps its answer for six hours, so a
repeated call has its effect once (developer.paypal.com/api/rest/requests).
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from bodega.backbone.http.certificates import certificates
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.payments.adapters.patience import (
    LONGEST_WAIT,
    retry_after,
    retryable,
    wait_before,
)
from bodega.commerce.payments.errors import ProviderRefused, ProviderUnreachable

log = get_logger(__name__)

_EARLY = 60.0


class PayPalError(Exception):
    """PayPal understood and refused; `issue` is its own word for why."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        details = body.get("details") or [{}]
        self.status = status
        self.issue = str(details[0].get("issue") or body.get("name") or status)
        self.detail = str(details[0].get("description") or body.get("message") or "")
        super().__init__(f"{self.issue}: {self.detail}")


class PayPalRoad:
    """`paypal_url` points at PayPal or at its local double."""

    def __init__(
        self, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._credentials = httpx.BasicAuth(
            settings.paypal_client_id, settings.paypal_secret.get_secret_value()
        )
        self._client = httpx.AsyncClient(
            base_url=settings.paypal_url,
            timeout=settings.payments_timeout_seconds,
            transport=transport,
            verify=certificates(),
        )
        self._retries = settings.payments_retries
        self._longest = max(settings.payments_timeout_seconds, LONGEST_WAIT)
        self._token, self._until = "", 0.0

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Raises PayPalError for a refusal, ProviderUnreachable for a lost answer,
        ProviderRefused when our credentials are wrong."""
        headers = {"prefer": "return=representation"}
        if request_id is not None:
            headers["paypal-request-id"] = request_id
        sent = {"json": body, "params": params, "files": files}
        answer = await self._authorised(method, path, headers, sent)
        if answer.status_code == 401:
            self._until = 0.0
            answer = await self._authorised(method, path, headers, sent)
        return _body(answer)

    async def _authorised(
        self, method: str, path: str, headers: Mapping[str, str], sent: Mapping[str, Any]
    ) -> httpx.Response:
        bearer = {"authorization": f"Bearer {await self._bearer()}"}
        return await self._repeated(method, path, headers={**headers, **bearer}, **sent)

    async def _bearer(self) -> str:
        if time.monotonic() < self._until:
            return self._token
        answer = await self._repeated(
            "POST",
            "/v1/oauth2/token",
            auth=self._credentials,
            data={"grant_type": "client_credentials"},
        )
        told = _body(answer)
        self._token = str(told["access_token"])
        self._until = time.monotonic() + float(told["expires_in"]) - _EARLY
        return self._token

    async def _repeated(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Exponential backoff with jitter, no sooner than `Retry-After` says; whatever is still
        unanswered is lost."""
        failure, asked_for = "", None
        for attempt in range(self._retries + 1):
            if attempt:
                await asyncio.sleep(wait_before(attempt, asked_for))
            try:
                answer = await self._client.request(method, path, **sent)
            except httpx.TransportError as error:
                failure, asked_for = type(error).__name__, None
                continue
            if not retryable(answer.status_code):
                return answer
            failure, asked_for = str(answer.status_code), answer.headers.get("retry-after")
            if (retry_after(asked_for) or 0.0) > self._longest:
                break
        log.warning("provider_unreachable", provider="paypal", failure=failure)
        raise ProviderUnreachable

    async def aclose(self) -> None:
        await self._client.aclose()


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code == 204:
        return {}
    try:
        body = answer.json()
    except ValueError as error:
        raise ProviderUnreachable("PayPal answered something that is no JSON") from error
    if answer.is_success and isinstance(body, dict):
        return body
    if answer.status_code in (401, 403):
        log.error("provider_refused", provider="paypal", status=answer.status_code)
        raise ProviderRefused
    raise PayPalError(answer.status_code, body if isinstance(body, dict) else {})

"""Asking somebody else's API while a request waits: cached, retried, one at a time, broken off."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import httpx

from bodega.backbone.cache import Cache
from bodega.backbone.http.breaker import Breaker
from bodega.backbone.telemetry.logs import get_logger
from bodega.kernel.clock import Clock

log = get_logger(__name__)


class Known(NamedTuple):
    """`body` is None when nothing is known; then `reason` says why."""

    state: Literal["fresh", "cached", "stale", "unavailable"]
    body: Any
    as_of: datetime | None
    reason: str | None = None


class _Again(Exception):
    """Worth another try."""


class Outside:
    """One API. What is younger than `fresh_seconds` is not asked for again; what is younger than
    `stale_seconds` answers when the API does not."""

    def __init__(
        self,
        name: str,
        *,
        client: httpx.AsyncClient,
        cache: Cache,
        clock: Clock,
        breaker: Breaker,
        timeout_seconds: float = 2.0,
        attempts: int = 3,
        fresh_seconds: float = 600,
        stale_seconds: float = 86_400,
    ) -> None:
        self._name, self._client, self._cache, self._clock = name, client, cache, clock
        self.breaker = breaker
        self._timeout, self._attempts = timeout_seconds, attempts
        self._fresh, self._stale = fresh_seconds, stale_seconds
        self._asking: dict[str, asyncio.Task[Known]] = {}

    async def get(
        self,
        key: str,
        url: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> Known:
        """The JSON at `url`. Who asks for the same `key` meanwhile shares the answer."""
        known = await self._cached(key)
        if known is not None and self._age(known) < self._fresh:
            return known
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key, url, params, headers or {}, known))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(
        self,
        key: str,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        known: Known | None,
    ) -> Known:
        if not self.breaker.admit():
            return _fallback(known, f"{self._name} failed repeatedly and is left alone for a while")
        try:
            body = await self._tried(url, params, headers)
        except _Again as error:
            self.breaker.failed()
            log.warning("outside_failed", source=self._name, error=str(error))
            return _fallback(known, f"{self._name}: {error}")
        except _Refused as error:
            self.breaker.succeeded()
            return _fallback(known, f"{self._name}: {error}")
        except BaseException:
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        now = self._clock.now()
        await self._cache.put(
            self._place(key), {"at": now.isoformat(), "body": body}, seconds=self._stale
        )
        return Known("fresh", body, now)

    async def _tried(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        import stamina

        async for attempt in stamina.retry_context(
            on=_Again,
            attempts=self._attempts,
            timeout=self._timeout * self._attempts,
            wait_initial=0.05,
            wait_max=1.0,
            wait_jitter=0.2,
        ):
            with attempt:
                return await self._once(url, params, headers)
        raise AssertionError

    async def _once(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        try:
            answer = await self._client.get(
                url, params=dict(params), headers=dict(headers), timeout=self._timeout
            )
        except httpx.TransportError as error:
            raise _Again(f"no answer ({type(error).__name__})") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Again(f"it answered {answer.status_code}")
        if not answer.is_success:
            raise _Refused(f"it answered {answer.status_code}")
        try:
            return answer.json()
        except ValueError as error:
            raise _Again("it answered with no JSON") from error

    async def _cached(self, key: str) -> Known | None:
        found = await self._cache.get(self._place(key))
        if not isinstance(found, dict):
            return None
        return Known("cached", found["body"], datetime.fromisoformat(found["at"]))

    def _age(self, known: Known) -> float:
        assert known.as_of is not None
        return (self._clock.now() - known.as_of).total_seconds()

    def _place(self, key: str) -> str:
        return f"outside:{self._name}:{key}"


class _Refused(Exception):
    """An answer that no repetition changes; the API itself is well."""


def _fallback(known: Known | None, reason: str) -> Known:
    if known is None:
        return Known("unavailable", None, None, reason)
    return known._replace(state="stale", reason=reason)

"""Asking an API: paced, tried again with jitter, cached by HTTP's own rules, secrets untold."""

import datetime as dt
import email.utils
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import stamina
from pydantic import BaseModel, ConfigDict, Field

from bodega.backbone.http.certificates import certificates
from bodega.data.ingest.sources.errors import SourceRefused, SourceUnreachable

_LONGEST_WAIT = 60.0
_SHOWN = 200


class Manners(BaseModel):
    """How an API is asked: at most `requests` in `seconds`, `attempts` in all for each, and from
    the cache where the answer's own headers allow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(5, ge=1)
    seconds: float = Field(1.0, gt=0)
    attempts: int = Field(5, ge=1, le=20)
    timeout_seconds: float = Field(30.0, gt=0)
    patience_seconds: float = Field(120.0, gt=0)
    cache: bool = True


class _Failed(Exception):
    """A try that may be repeated, after `wait` seconds if the server said so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Authorised(httpx.BaseTransport):
    """Adds what proves who asks, below the cache: no secret is ever kept with an answer."""

    def __init__(self, auth: httpx.Auth | None, below: httpx.BaseTransport) -> None:
        self._auth, self._below = auth, below

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._auth is None:
            return self._below.handle_request(request)
        flow = self._auth.sync_auth_flow(request)
        asked = next(flow)
        while True:
            answer = self._below.handle_request(asked)
            answer.read()
            try:
                asked = flow.send(answer)
            except StopIteration:
                return answer

    def close(self) -> None:
        self._below.close()


class Pace:
    """At most so many requests in so many seconds, by however many clients keep it together."""

    def __init__(self, manners: Manners) -> None:
        from pyrate_limiter import Limiter, Rate

        self._limiter = Limiter(Rate(manners.requests, round(manners.seconds * 1000)))

    def wait(self) -> None:
        """Until it is one's turn."""
        self._limiter.try_acquire("source")


class Http:
    """A client for one reading of a source. Close it after use. Without a `pace` shared with
    others it keeps one of its own."""

    def __init__(
        self,
        manners: Manners,
        *,
        pace: Pace | None = None,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        cache: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._manners = manners
        self._pace = pace or Pace(manners)
        line = transport or httpx.HTTPTransport(verify=certificates())
        below: httpx.BaseTransport = Authorised(auth, line)
        if manners.cache and cache is not None:
            below = _cached(below, cache)
        self._client = httpx.Client(
            transport=below,
            headers={"user-agent": "bodega-sources", **(headers or {})},
            timeout=manners.timeout_seconds,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def get(self, url: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """The answer, 2xx. Raises SourceUnreachable once patience is at its end, SourceRefused for
        an answer that no repetition will change."""
        shown = httpx.URL(url).copy_with(query=None, userinfo=b"")
        try:
            for attempt in stamina.retry_context(
                on=_wait,
                attempts=self._manners.attempts,
                timeout=self._manners.patience_seconds,
                wait_initial=0.5,
                wait_max=_LONGEST_WAIT,
                wait_jitter=1.0,
            ):
                with attempt:
                    return self._once(url, params, str(shown))
        except _Failed as error:
            raise SourceUnreachable(f"{shown}: {error}") from error
        raise AssertionError

    def _once(self, url: str, params: Mapping[str, Any] | None, shown: str) -> httpx.Response:
        self._pace.wait()
        try:
            answer = self._client.get(url, params=dict(params) if params else None)
        except httpx.TransportError as error:
            raise _Failed(f"no answer ({type(error).__name__})") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Failed(f"it answered {answer.status_code}", _retry_after(answer))
        if not answer.is_success:
            said = answer.text[:_SHOWN].strip()
            raise SourceRefused(f"{shown} answered {answer.status_code}: {said}")
        return answer


def _wait(error: Exception) -> bool | float:
    """Whether, and after what time the server named, to try again."""
    if not isinstance(error, _Failed):
        return False
    return True if error.wait is None else min(error.wait, _LONGEST_WAIT)


def _retry_after(answer: httpx.Response) -> float | None:
    said = answer.headers.get("retry-after", "").strip()
    if said.isdigit():
        return float(said)
    try:
        at = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    wait: float = (at - dt.datetime.now(dt.UTC)).total_seconds()
    return max(0.0, wait)


def _cached(below: httpx.BaseTransport, file: Path) -> httpx.BaseTransport:
    from hishel import SqliteStorage
    from hishel.httpx import CacheTransport

    file.parent.mkdir(parents=True, exist_ok=True)
    storage = SqliteStorage(database_path=file, max_size=256 * 1024 * 1024)
    return CacheTransport(below, storage=storage, rfc=True)

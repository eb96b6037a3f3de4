"""Ways to prove who asks."""

import time
from collections.abc import Generator

import httpx

from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.rest.declaration import (
    Auth,
    Basic,
    Bearer,
    Header,
    OAuth2,
    Query,
)

_EARLY = 30.0


def auth_of(said: Auth | None) -> httpx.Auth | None:
    """Secrets are read now. Raises SourcesMalformed where one is not set."""
    match said:
        case None:
            return None
        case Bearer():
            return _Header("authorization", f"Bearer {said.token.reveal()}")
        case Header():
            return _Header(said.name, said.value.reveal())
        case Query():
            return _Query(said.name, said.value.reveal())
        case Basic():
            return httpx.BasicAuth(said.user, said.password.reveal())
        case OAuth2():
            return _ClientCredentials(said, said.client_secret.reveal())


class _Header(httpx.Auth):
    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers[self._name] = self._value
        yield request


class _Query(httpx.Auth):
    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.url = request.url.copy_merge_params({self._name: self._value})
        yield request


class _ClientCredentials(httpx.Auth):
    requires_response_body = True

    def __init__(self, said: OAuth2, secret: str) -> None:
        self._said, self._secret = said, secret
        self._token, self._until = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        if time.monotonic() >= self._until:
            yield from self._renew()
        request.headers["authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == 401:
            yield from self._renew()
            request.headers["authorization"] = f"Bearer {self._token}"
            yield request

    def _renew(self) -> Generator[httpx.Request, httpx.Response]:
        form = {"grant_type": "client_credentials"} | (
            {"scope": self._said.scope} if self._said.scope else {}
        )
        asked = httpx.Request("POST", self._said.token_url, data=form)
        basic = httpx.BasicAuth(self._said.client_id, self._secret)
        answer = yield next(basic.auth_flow(asked))
        if not answer.is_success or "access_token" not in answer.json():
            raise SourceRefused(f"{self._said.token_url} gave no token ({answer.status_code})")
        said = answer.json()
        self._token = str(said["access_token"])
        self._until = time.monotonic() + float(said.get("expires_in", 300)) - _EARLY

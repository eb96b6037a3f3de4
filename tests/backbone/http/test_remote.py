"""A Protocol over HTTP answers like the implementation behind it, or says that it cannot."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Protocol
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import BaseModel

from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.remote import RemoteFailed, RemoteUnavailable, expose, remote
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import correlation, current_correlation_id
from bodega.kernel.errors import BodegaError, Invalid, NotFound
from bodega.kernel.money import Money

TOKEN = "a token of ours"


class Quote(BaseModel):
    id: UUID
    price: Money
    on: date


class Quotes(Protocol):
    async def quote(self, id_: UUID, *, on: date, times: int = 1) -> Quote | None: ...

    async def many(self, ids: list[UUID]) -> dict[UUID, Quote]: ...

    async def slow(self) -> None: ...

    async def broken(self) -> None: ...

    async def refused(self, status: int) -> None: ...


class QuoteUnknown(NotFound):
    code = "quote_unknown"
    title = "There is no such quote"


class Unreadable(Invalid):
    code = "quote_unreadable"
    title = "The quote cannot be read"


class LocalQuotes:
    heard: str = ""

    async def quote(self, id_: UUID, *, on: date, times: int = 1) -> Quote | None:
        self.heard = current_correlation_id()
        money = Money(amount=199 * times, currency="EUR")
        return Quote(id=id_, price=money, on=on) if times else None

    async def many(self, ids: list[UUID]) -> dict[UUID, Quote]:
        money = Money(amount=1, currency="EUR")
        return {one: Quote(id=one, price=money, on=date(2026, 1, 2)) for one in ids}

    async def slow(self) -> None:
        await asyncio.sleep(5)

    async def broken(self) -> None:
        raise RuntimeError("the secret is 42")

    async def refused(self, status: int) -> None:
        raise {404: QuoteUnknown, 422: Unreadable}[status]("ask for another")


local = LocalQuotes()


class Late(httpx.ASGITransport):
    """In-process HTTP that keeps the client's patience, as a socket does."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]):
                return await super().handle_async_request(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout("late", request=request) from error


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    router = expose(Quotes, local, token=TOKEN)
    settings = Settings(_env_file=None)
    app = create_app(
        settings, title="quotes", routers=[router], container=Container(), database=None
    )
    async with httpx.AsyncClient(transport=Late(app, raise_app_exceptions=False)) as client:
        yield client


def quotes(client: httpx.AsyncClient, *, token: str = TOKEN) -> Quotes:
    return remote(Quotes, "http://quotes.test", token=token, timeout=0.3, client=client)


async def test_values_go_there_and_back(client: httpx.AsyncClient) -> None:
    one, two, day = uuid4(), uuid4(), date(2026, 3, 14)
    far = quotes(client)
    assert await far.quote(one, on=day, times=2) == await local.quote(one, on=day, times=2)
    assert await far.quote(one, on=day) == await local.quote(one, on=day)
    assert await far.quote(one, on=day, times=0) is None
    assert await far.many([one, two]) == await local.many([one, two])


async def test_the_correlation_id_goes_along(client: httpx.AsyncClient) -> None:
    with correlation("request-12345678"):
        await quotes(client).quote(uuid4(), on=date(2026, 3, 14))
    assert local.heard == "request-12345678"


async def test_late_is_unavailable(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(RemoteUnavailable, match="ReadTimeout"):
            await quotes(client).slow()


async def test_a_failure_over_there_is_unavailable_and_keeps_its_secrets(
    client: httpx.AsyncClient,
) -> None:
    with pytest.raises(RemoteUnavailable) as failed:
        await quotes(client).broken()
    assert "42" not in str(failed.value)


@pytest.mark.parametrize("error", [QuoteUnknown, Unreadable])
async def test_a_refusal_is_told_as_the_implementation_tells_it(
    client: httpx.AsyncClient, error: type[BodegaError]
) -> None:
    with pytest.raises(error.__base__) as raised:  # type: ignore[arg-type]
        await quotes(client).refused(error.status)
    told = raised.value
    assert (told.status, told.code, told.title) == (error.status, error.code, error.title)
    assert told.detail == "ask for another"


async def test_a_wrong_token_is_refused(client: httpx.AsyncClient) -> None:
    with pytest.raises(RemoteFailed, match="401"):
        await quotes(client, token="guessed").many([])
    answer = await client.post("http://quotes.test/internal/quotes/many", json={"ids": []})
    assert answer.status_code == 401


async def test_an_unknown_operation_is_not_found(client: httpx.AsyncClient) -> None:
    headers = {"authorization": f"Internal {TOKEN}"}
    address = "http://quotes.test/internal/quotes/__init__"
    assert (await client.post(address, json={}, headers=headers)).status_code == 404


async def test_nobody_there_is_unavailable() -> None:
    async with httpx.AsyncClient() as client:
        nobody = remote(Quotes, "http://127.0.0.1:9", token=TOKEN, timeout=0.5, client=client)
        with pytest.raises(RemoteUnavailable, match="ConnectError"):
            await nobody.many([])

"""A Protocol over HTTP answers like the implementation behind it, or says that it cannot."""

import asyncio
import time
from collections.abc import Iterator
from datetime import date
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.remote import (
    RemoteFailed,
    RemoteUnavailable,
    expose,
    remote,
    remote_session,
)
from bodega.backbone.http.session import LateSession
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import correlation, current_correlation_id
from bodega.kernel.errors import BodegaError, Invalid, NotFound
from bodega.kernel.money import Money
from tests.kit.served import served

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
        await asyncio.sleep(1)

    async def broken(self) -> None:
        raise RuntimeError("the secret is 42")

    async def refused(self, status: int) -> None:
        raise {404: QuoteUnknown, 422: Unreadable}[status]("ask for another")


local = LocalQuotes()


ports: set[int] = set()


@pytest.fixture(scope="module")
def app() -> ASGIApp:
    """The implementation's process; `ports` are those it was asked from."""
    shop = create_app(
        Settings(_env_file=None),
        title="quotes",
        routers=[expose(Quotes, local, token=TOKEN)],
        container=Container(),
        database=None,
    )

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        ports.add(scope["client"][1])
        await shop(scope, receive, send)

    return noting


@pytest.fixture(scope="module")
def url(app: ASGIApp) -> Iterator[str]:
    with served(app, lifespan="off") as url:
        yield url


@pytest.fixture
def far(url: str, session: LateSession) -> Quotes:
    return quotes(url, session)


def quotes(url: str, session: LateSession, *, token: str = TOKEN) -> Quotes:
    return remote(Quotes, url, token=token, timeout=0.5, session=session)


def counted(outcome: str) -> float:
    labels = {"target": "Quotes", "outcome": outcome}
    return REGISTRY.get_sample_value("bodega_remote_calls_total", labels) or 0


async def test_values_go_there_and_back(far: Quotes) -> None:
    one, two, day = uuid4(), uuid4(), date(2026, 3, 14)
    assert await far.quote(one, on=day, times=2) == await local.quote(one, on=day, times=2)
    assert await far.quote(one, on=day) == await local.quote(one, on=day)
    assert await far.quote(one, on=day, times=0) is None
    assert await far.many([one, two]) == await local.many([one, two])


async def test_the_correlation_id_goes_along(far: Quotes) -> None:
    with correlation("request-12345678"):
        await far.quote(uuid4(), on=date(2026, 3, 14))
    assert local.heard == "request-12345678"


async def test_calls_in_a_row_share_a_connection(far: Quotes) -> None:
    ports.clear()
    for _ in range(3):
        await far.many([])
    assert len(ports) == 1


async def test_a_connection_that_was_closed_meanwhile_costs_no_call(
    app: ASGIApp, session: LateSession
) -> None:
    """Nobody looks at it in between, as in a busy process: what is sent into it is lost."""
    with served(app, lifespan="off", timeout_keep_alive=2) as url:
        far = quotes(url, session)
        await far.many([])
        time.sleep(2.3)  # noqa: ASYNC251
        assert await far.many([]) == {}


async def test_a_session_belongs_to_the_loop_that_asks(url: str) -> None:
    """Made before there is a loop, opened in it, closed with it, opened in the next."""
    session = remote_session()

    async def life() -> None:
        assert await quotes(url, session).many([]) == {}
        opened = session.opened
        await session.close()
        await session.close()
        assert opened.closed

    for _ in range(2):
        await asyncio.to_thread(asyncio.run, life())


async def test_late_is_unavailable(far: Quotes) -> None:
    before = counted("TimeoutError")
    async with asyncio.timeout(2):
        with pytest.raises(RemoteUnavailable, match="TimeoutError"):
            await far.slow()
    assert counted("TimeoutError") == before + 1


async def test_a_failure_over_there_is_unavailable_and_keeps_its_secrets(far: Quotes) -> None:
    before = counted("500")
    with pytest.raises(RemoteUnavailable, match="500") as failed:
        await far.broken()
    assert "42" not in str(failed.value)
    assert counted("500") == before + 1


@pytest.mark.parametrize("error", [QuoteUnknown, Unreadable])
async def test_a_refusal_is_told_as_the_implementation_tells_it(
    far: Quotes, error: type[BodegaError]
) -> None:
    with pytest.raises(error.__base__) as raised:  # type: ignore[arg-type]
        await far.refused(error.status)
    told = raised.value
    assert (told.status, told.code, told.title) == (error.status, error.code, error.title)
    assert told.detail == "ask for another"


async def test_a_wrong_token_is_refused(url: str, session: LateSession) -> None:
    with pytest.raises(RemoteFailed, match="401"):
        await quotes(url, session, token="guessed").many([])
    answer = await session.opened.post(f"{url}/internal/quotes/many", json={"ids": []})
    assert answer.status == 401


async def test_an_unknown_operation_is_not_found(url: str, session: LateSession) -> None:
    headers = {"authorization": f"Internal {TOKEN}"}
    address = f"{url}/internal/quotes/__init__"
    assert (await session.opened.post(address, json={}, headers=headers)).status == 404


async def test_nobody_there_is_unavailable(session: LateSession) -> None:
    before = counted("ClientConnectorError")
    with pytest.raises(RemoteUnavailable, match="ClientConnectorError"):
        await quotes("http://127.0.0.1:9", session).many([])
    assert counted("ClientConnectorError") == before + 1


async def test_an_answer_that_breaks_off_is_unavailable(session: LateSession) -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        length = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise RuntimeError

    with (
        served(broken, lifespan="off") as url,
        pytest.raises(RemoteUnavailable, match="ClientPayloadError"),
    ):
        await quotes(url, session).many([])


async def test_a_question_is_not_sent_on_to_another(session: LateSession) -> None:
    async def elsewhere(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"location", b"http://127.0.0.1:9"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body"})

    with served(elsewhere, lifespan="off") as url, pytest.raises(RemoteFailed, match="307"):
        await quotes(url, session).many([])

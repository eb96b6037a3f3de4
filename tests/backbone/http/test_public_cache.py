"""The micro-cache answers everyone alike, and nobody who shows who they are."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.public_cache import PubliclyCached
from bodega.backbone.settings import Settings


@pytest.fixture
def app() -> FastAPI:
    settings = Settings(public_cache_seconds=0.2)
    app = create_app(settings, title="t", routers=[], container=Container(), database=None)
    app.state.calls = 0

    @app.get("/public")
    async def public(cached: PubliclyCached) -> int:
        app.state.calls += 1
        mine: int = app.state.calls
        await asyncio.sleep(0.01)
        return mine

    @app.get("/private")
    async def private() -> int:
        app.state.calls += 1
        return int(app.state.calls)

    @app.get("/broken")
    async def broken(cached: PubliclyCached) -> int:
        app.state.calls += 1
        raise HTTPException(404)

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


async def test_an_answer_is_reused_while_fresh_and_renewed_after(client: httpx.AsyncClient) -> None:
    assert [(await client.get("/public")).json() for _ in range(3)] == [1, 1, 1]
    await asyncio.sleep(0.25)
    assert (await client.get("/public")).json() == 2


async def test_another_query_is_another_answer(client: httpx.AsyncClient) -> None:
    first = await client.get("/public?a=1")
    assert (await client.get("/public?a=2")).json() != first.json()


@pytest.mark.parametrize("header", ["authorization", "cookie"])
async def test_whoever_shows_credentials_passes_by(client: httpx.AsyncClient, header: str) -> None:
    await client.get("/public")
    scheme = {"authorization": "Internal x", "cookie": "a=b"}[header]
    assert (await client.get("/public", headers={header: scheme})).json() == 2


async def test_one_request_fills_while_others_wait(client: httpx.AsyncClient, app: FastAPI) -> None:
    await client.get("/public")
    await asyncio.sleep(0.25)
    answers = await asyncio.gather(*(client.get("/public") for _ in range(20)))
    assert {answer.json() for answer in answers} == {2}
    assert app.state.calls == 2


async def test_what_is_not_declared_public_is_never_kept(client: httpx.AsyncClient) -> None:
    assert [(await client.get("/private")).json() for _ in range(2)] == [1, 2]


async def test_errors_are_not_kept(client: httpx.AsyncClient, app: FastAPI) -> None:
    for _ in range(2):
        assert (await client.get("/broken")).status_code == 404
    assert app.state.calls == 2


async def test_an_unchanged_answer_is_304(client: httpx.AsyncClient) -> None:
    await client.get("/public")
    kept = await client.get("/public")
    again = await client.get("/public", headers={"if-none-match": kept.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_each_answer_has_its_own_request_id(client: httpx.AsyncClient) -> None:
    first = await client.get("/public")
    second = await client.get("/public")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]

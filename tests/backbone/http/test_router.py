"""Routers keep their routes to themselves until somebody looks."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import FastAPIError

from bodega.backbone.http.router import admin_router, api_router


class Unfit:
    """Nothing that could be an answer."""


async def unfit() -> Unfit:
    return Unfit()


async def first() -> str:
    return "first"


async def second() -> str:
    return "second"


async def ask(router: APIRouter, path: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        return await client.get(path)


def test_routes_are_built_when_looked_at_and_not_before() -> None:
    router = api_router("things", "/things")
    router.post("")(unfit)
    with pytest.raises(FastAPIError, match="response field"):
        _ = router.routes


async def test_routes_answer_in_the_order_they_were_written() -> None:
    router = admin_router("things", "/things")
    router.get("/{name}")(first)
    router.get("/second")(second)
    assert (await ask(router, "/api/v1/admin/things/second")).json() == "first"


async def test_a_route_written_after_a_look_is_served_too() -> None:
    router = api_router("things", "/things")
    router.get("/first")(first)
    assert len(router.routes) == 1
    router.get("/second")(second)
    assert (await ask(router, "/api/v1/things/second")).json() == "second"

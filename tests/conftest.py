"""Fixtures of integration tests; a unit test asks for none of them and so does no I/O."""

import os
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from bodega.apps.api import build
from bodega.apps.compose import compose
from bodega.backbone.db import Database
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from tests.kit.doors import Doors
from tests.kit.servers import empty_database, migrated_settings

for name in [name for name in os.environ if name.startswith("BODEGA_")]:
    if name not in ("BODEGA_SOAK", "BODEGA_TEST_DATA"):
        del os.environ[name]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """PostgreSQL and Valkey of this worker, migrated; settings that reach them."""
    with migrated_settings(tmp_path_factory.mktemp("servers")) as settings:
        yield settings


@pytest.fixture
def settings(servers: Settings) -> Iterator[Settings]:
    """The worker's settings; its database is emptied afterwards."""
    yield servers
    empty_database(servers)


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[Context]:
    """A composed shop: every module answers its Protocol, over real servers."""
    shop = compose(settings)
    await shop.context.cache.client.flushdb()
    yield shop.context
    await shop.close()


@pytest.fixture
def database(context: Context) -> Database:
    return context.database


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The shop's HTTP process, in this one."""
    return build(settings)


@pytest.fixture
async def client(app: FastAPI, context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """A guest over HTTP."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield client


@pytest.fixture
def doors(app: FastAPI, client: httpx.AsyncClient, settings: Settings) -> Doors:
    """Ways in for customers, staff and admins, through the public doors."""
    return Doors(app, settings)

"""Fixtures of integration tests; a unit test asks for none of them and so does no I/O."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import httpx
import hypothesis
import psycopg
import pytest
import structlog
from fastapi import FastAPI

from bodega.apps.api import answer_for, build
from bodega.apps.compose import Connections, compose
from bodega.backbone.db import Database
from bodega.backbone.http.remote import remote_session
from bodega.backbone.http.session import LateSession
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.identity.adapters import passwords
from tests.kit import raised
from tests.kit.doors import Doors
from tests.kit.provider import RunningProvider, running_provider
from tests.kit.servers import empty_database, migrated_settings

# Every person of a test has a password, and a good hash takes longer than the rest of the test.
REAL_COST, passwords.COST = passwords.COST, {"memory_cost": 64, "time_cost": 1, "parallelism": 1}

for name in [name for name in os.environ if name.startswith("BODEGA_")]:
    if name not in ("BODEGA_SOAK", "BODEGA_SOAK_KILLS", "BODEGA_TEST_DATA"):
        del os.environ[name]

# These need dbt itself, which takes seconds to parse the project: they share a worker.
DBT = tuple(
    f"tests/data/{name}"
    for name in (
        "engines/",
        "pipelines/test_dagster",
        "pipelines/test_dbt_scratch",
        "pipelines/test_lineage",
        "pipelines/test_outside_marts",
        "pipelines/test_transform",
    )
)

# The longest files, which begin first; and those whose tests share nothing, which are spread.
LONG = ("tests/apps/test_supervisor.py", "tests/commerce/payments/test_patience.py",
        "tests/commerce/checkout/test_kill.py", "tests/backbone/changes/test_feed.py",
        "tests/backbone/embedded/test_postgres.py")  # fmt: skip
SPREAD = ("tests/data/pipelines/test_refresh.py", "tests/data/pipelines/test_loop.py",
          "tests/data/pipelines/test_money.py")  # fmt: skip

raised.note_errors()
pytest_addoption = raised.pytest_addoption
pytest_testnodedown = raised.pytest_testnodedown
pytest_sessionfinish = raised.pytest_sessionfinish
pytest_terminal_summary = raised.pytest_terminal_summary

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

# A failure is shown by its traceback; structlog's own way draws every local variable, in seconds.
PLAIN = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], PLAIN])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """A file goes to whoever is free, so that servers and lakes that its tests share are made once;
    those that need dbt itself go to one worker. (Groups by mark do nothing: xdist sets a name that
    pytest 9.2 left.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(DBT):
                return "dbt"
            return nodeid if nodeid.startswith(SPREAD) else nodeid.partition("::")[0]

    config.option.loadscopereorder = False  # by the number of tests; ours is by their length
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left alone with it in the end."""
    order = (DBT, SPREAD, LONG)
    items.sort(
        key=lambda item: next(
            (rank for rank, names in enumerate(order) if item.nodeid.startswith(names)), len(order)
        )
    )


async def end_tasks() -> None:
    """Tests share an event loop; what one leaves running does not reach the next."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """PostgreSQL and Valkey of this worker, migrated; settings that reach them."""
    with migrated_settings(tmp_path_factory.mktemp("servers")) as settings:
        yield settings


@pytest.fixture(scope="session")
async def connections(servers: Settings) -> AsyncIterator[Connections]:
    """Open as long as the worker lives: a test need not connect and compile its statements anew."""
    opened = Connections.to(servers)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def routes(servers: Settings) -> FastAPI:
    """The shop's HTTP process without a shop: its routes are worked out once a worker."""
    return build(servers)


@pytest.fixture(scope="session")
def janitor(servers: Settings) -> Iterator[psycopg.Connection]:
    """A connection for emptying the database: opening one takes longer than that. A test that ends
    connections ends those named `bodega-...` only."""
    with psycopg.connect(servers.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def settings(servers: Settings, janitor: psycopg.Connection) -> AsyncIterator[Settings]:
    """The worker's settings; afterwards nothing runs any more and its database is emptied."""
    yield servers
    await end_tasks()
    empty_database(janitor)


@pytest.fixture
async def context(settings: Settings, connections: Connections) -> AsyncIterator[Context]:
    """A composed shop: every module answers its Protocol, over real servers."""
    shop = compose(settings, connections)
    await connections.cache.client.flushdb()
    yield shop.context
    await shop.close()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    """The payment provider's double, over HTTP."""
    with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def real_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as in a real shop."""
    monkeypatch.setattr(passwords, "COST", REAL_COST)


@pytest.fixture
def database(context: Context) -> Database:
    return context.database


@pytest.fixture
def app(settings: Settings, routes: FastAPI, connections: Connections) -> FastAPI:
    """The shop's HTTP process, in this one, with a shop of its own behind it."""
    answer_for(routes, compose(settings, connections))
    return routes


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
async def session() -> AsyncIterator[LateSession]:
    """For calls between processes of the shop."""
    session = remote_session()
    yield session
    await session.close()


@pytest.fixture
def doors(app: FastAPI, client: httpx.AsyncClient, settings: Settings) -> Doors:
    """Ways in for customers, staff and admins, through the public doors."""
    return Doors(app, settings)

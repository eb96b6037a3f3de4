"""`kill -9` of relay, worker and PostgreSQL under parallel producers: once in effect, in order."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from bodega.backbone.db import Database
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.backbone.migrate import BACKBONE, upgrade
from bodega.backbone.settings import Settings
from tests.backbone.events.probe import (
    eventually,
    in_parallel,
    made,
    note_stubbornly,
    prepare,
    rows,
    seen,
    topics,
)
from tests.kit.clusters import copied_cluster
from tests.kit.servers import empty_database

ROOT = Path(__file__).parents[3]
EVENTS = 5004 if os.environ.get("BODEGA_SOAK") else 240
PRODUCERS = 6
TOPICS = 12
RELAY = ("bodega.apps.relay",)
WORKER = ("tests.backbone.events.child",)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Durable: what it has acknowledged must survive its own death."""
    with copied_cluster(tmp_path_factory.mktemp("durable") / "postgres") as server:
        upgrade(server.url, [BACKBONE])
        yield server


@pytest.fixture
def shop(server: EmbeddedPostgres, tmp_path: Path) -> Settings:
    settings = Settings(_env_file=None, data_dir=tmp_path, database_url=server.url)
    prepare(settings)
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        empty_database(connection)
    return settings


class Process:
    """One child that is started, killed and started again."""

    def __init__(self, settings: Settings, *module: str) -> None:
        self._command = [sys.executable, "-m", *module]
        self._environment = {
            **os.environ,
            "BODEGA_DATABASE_URL": settings.dsn,
            "BODEGA_DATA_DIR": str(settings.data_dir),
            "BODEGA_LOG_LEVEL": "ERROR",
        }
        self.start()

    def start(self) -> None:
        self._child = subprocess.Popen(self._command, env=self._environment, cwd=ROOT)

    def kill(self) -> None:
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()
        self.start()

    def stop(self) -> int:
        self._child.terminate()
        return self._child.wait(30)


@contextmanager
def processes(settings: Settings) -> Iterator[dict[str, Process]]:
    children = {
        "relay": Process(settings, *RELAY),
        "worker": Process(settings, *WORKER, "one"),
        "other worker": Process(settings, *WORKER, "two"),
    }
    try:
        yield children
    finally:
        codes = {name: child.stop() for name, child in children.items()}
    # One that was only just started again may not have its handler yet.
    assert set(codes.values()) <= {0, -signal.SIGTERM}, codes


async def produce(settings: Settings, seconds: float) -> None:
    """EVENTS events over about `seconds`, every topic by every producer."""
    database = Database(settings)
    known = await topics(database, TOPICS)

    async def one(producer: int) -> None:
        for number in range(EVENTS // PRODUCERS):
            await note_stubbornly(database, known[(producer + number) % TOPICS])
            await asyncio.sleep(seconds * PRODUCERS / EVENTS)

    await in_parallel(PRODUCERS, one)
    await database.close()


async def working(settings: Settings) -> bool:
    """Both workers have created their positions and the relay reads its slot."""
    ready = """SELECT (SELECT count(*) FROM backbone.consumer_positions) > 0
               AND EXISTS (SELECT 1 FROM pg_replication_slots WHERE active)"""
    return await eventually(lambda: rows(settings, ready) == [(True,)], seconds=60)


async def settled(settings: Settings) -> bool:
    def even() -> bool:
        expected = made(settings)
        return all(seen(settings, name) == expected for name in ("probe.a", "probe.b"))

    return await eventually(even, seconds=60)


def kill(children: dict[str, Process], server: EmbeddedPostgres, victim: str) -> None:
    if victim == "postgres":
        # In this thread: the server is told to end with the thread that started it.
        server.restart()
    else:
        children[victim].kill()


@pytest.mark.parametrize(
    "victims",
    [
        ("relay", "worker", "postgres"),
        *(pytest.param((one,), marks=pytest.mark.soak) for one in ("relay", "worker", "postgres")),
    ],
    ids="-".join,
)
async def test_once_in_effect_and_in_order_and_the_work_is_shared(
    shop: Settings, server: EmbeddedPostgres, victims: tuple[str, ...]
) -> None:
    strikes = victims * 2
    with processes(shop) as children:
        assert await working(shop)

        async def strike() -> None:
            for victim in strikes:
                await asyncio.sleep(3.0 / len(strikes))
                kill(children, server, victim)

        await asyncio.gather(produce(shop, 3.0), strike())
        assert await settled(shop), (made(shop), seen(shop, "probe.a"))
        await asyncio.sleep(0.5)
        assert await settled(shop)
        await both_workers_help(shop)
    made_in_all = sum(len(found) for found in made(shop).values())
    assert made_in_all >= EVENTS
    assert rows(shop, 'SELECT count(*), max("offset") FROM backbone.event_log') == [
        (made_in_all, made_in_all)
    ]


async def both_workers_help(shop: Settings) -> None:
    helpers = "SELECT DISTINCT process FROM probe.effects ORDER BY 1"
    for _ in range(20):
        if rows(shop, helpers) == [("one",), ("two",)]:
            break
        await produce(shop, 1.0)
        assert await settled(shop)
    assert rows(shop, helpers) == [("one",), ("two",)]

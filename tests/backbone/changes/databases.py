"""A server with logical decoding, a database a test, and a feed running in a thread."""

import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bodega.backbone.changes.feed import ChangeFeed
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from tests.kit.clusters import copied_cluster

PATIENCE = 60.0


@contextmanager
def running_server(**options: Any) -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="bodega-test-") as path:
        Path(path).chmod(0o755)
        place = Path(path) / "postgres"
        with copied_cluster(place, durable=False, **options) as server:
            yield server


@dataclass(frozen=True)
class TestDatabase:
    """One database of a server, with a slot name of its own: slots belong to the whole server."""

    __test__ = False
    server: EmbeddedPostgres
    name: str

    @property
    def dsn(self) -> str:
        return self.server.url_of(self.name)

    @property
    def slot(self) -> str:
        return f"{self.name}_slot"

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.dsn, autocommit=True)

    def run(self, *statements: str) -> None:
        """Each statement in a transaction of its own."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def end_readers(self) -> None:
        self.run(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
            f"WHERE active AND database = '{self.name}'"
        )

    def drop_slots(self) -> None:
        for (slot,) in self.rows(
            f"SELECT slot_name FROM pg_replication_slots WHERE database = '{self.name}'"
        ):
            eventually(lambda slot=slot: self._try_drop(slot))

    def _try_drop(self, slot: str) -> bool:
        self.end_readers()
        try:
            self.run(f"SELECT pg_drop_replication_slot('{slot}')")
        except psycopg.errors.ObjectInUse:
            return False
        return True


@contextmanager
def new_database(server: EmbeddedPostgres) -> Iterator[TestDatabase]:
    database = TestDatabase(server, f"t{uuid.uuid4().hex[:12]}")
    name = sql.Identifier(database.name)
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        # A server that is killed keeps what it has told us is committed; no disk has to wait.
        admin.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))
        yield database
    database.drop_slots()
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    with running_server() as postgres:
        yield postgres


@pytest.fixture
def database(server: EmbeddedPostgres) -> Iterator[TestDatabase]:
    with new_database(server) as fresh:
        yield fresh


@contextmanager
def running(feed: ChangeFeed) -> Iterator[threading.Thread]:
    """The feed in a thread; its end is waited for, its own failure is the test's."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            feed.run(stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not failures, failures


def eventually(condition: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    """Wait until `condition()` is true; its last value is shown when it never is."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(0.1)

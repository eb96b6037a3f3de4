"""Producers, a consumer and a relay whose effects can be counted."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bodega.backbone.changes.slot import drop_slot
from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events.consumers import Consumers
from bodega.backbone.events.handling import Consumer, Policy
from bodega.backbone.events.relay import SLOT, Relay
from bodega.backbone.settings import Settings
from bodega.kernel.events import Envelope, Event

SETUP = """
CREATE SCHEMA IF NOT EXISTS probe;
CREATE TABLE IF NOT EXISTS probe.topics (topic uuid PRIMARY KEY, n int NOT NULL);
CREATE TABLE IF NOT EXISTS probe.effects (
    id bigserial PRIMARY KEY, consumer text, topic uuid, n int, process text);
"""
_NEXT = text("UPDATE probe.topics SET n = n + 1 WHERE topic = :topic RETURNING n")
_EFFECT = text(
    "INSERT INTO probe.effects (consumer, topic, n, process)"
    " VALUES (:consumer, :topic, :n, :process)"
)
FAST = Policy(backoff_seconds=0.05, max_backoff_seconds=0.2, retries=3, poll_seconds=0.1)


class Noted(Event):
    type: ClassVar[str] = "probe.noted"
    topic: UUID
    n: int

    @property
    def key(self) -> UUID:
        return self.topic


class Overheard(Noted):
    type: ClassVar[str] = "probe.overheard"


def prepare(settings: Settings) -> None:
    """Tables of the probe; no slot that remembers an earlier test."""
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        connection.execute(SETUP)
        forget_slot(connection)


def forget_slot(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
        " WHERE active AND slot_name = %s",
        [SLOT],
    )
    for _ in range(50):
        with suppress(psycopg.errors.ObjectInUse):
            drop_slot(connection, SLOT)
            return
        time.sleep(0.05)


async def topics(database: Database, count: int) -> list[UUID]:
    made = [uuid4() for _ in range(count)]
    async with database.work() as uow:
        for topic in made:
            await uow.connection.execute(
                text("INSERT INTO probe.topics VALUES (:topic, 0)"), {"topic": topic}
            )
    return made


async def note(database: Database, topic: UUID, *, kind: type[Noted] = Noted) -> None:
    """One more event of the topic; its `n` is its place in commit order."""
    async with database.work() as uow:
        n = (await uow.connection.execute(_NEXT, {"topic": topic})).scalar_one()
        uow.emit(kind(topic=topic, n=n))


async def note_stubbornly(database: Database, topic: UUID) -> None:
    """Through outages; a commit whose answer is lost may count twice, and is counted."""
    while True:
        try:
            await note(database, topic)
        except (SQLAlchemyError, OSError):
            await asyncio.sleep(0.1)
        else:
            return


def effect(
    name: str, *, process: str = "", fails: Callable[[Noted], bool] = lambda _: False
) -> Consumer:
    """Writes a row an event, then fails where told to."""

    async def react(uow: UnitOfWork, envelope: Envelope, event: Any) -> None:
        row = {"consumer": name, "topic": event.topic, "n": event.n, "process": process}
        await uow.connection.execute(_EFFECT, row)
        if fails(event):
            raise RuntimeError(f"cannot take {event.n}")

    return Consumer(name, {Noted.type: Noted}, react)


def consumers(database: Database, *found: Consumer, policy: Policy = FAST) -> Consumers:
    settings = database.settings
    return Consumers(
        database=database,
        dsn=settings.direct_dsn,
        consumers=found,
        partitions=settings.events_partitions,
        policy=policy,
    )


@contextmanager
def relaying(settings: Settings, *, look_seconds: float = 0.3) -> Iterator[Relay]:
    """The relay in a thread; its own failure is the test's."""
    stop, failures = threading.Event(), list[BaseException]()
    relay = Relay(
        settings.direct_dsn, partitions=settings.events_partitions, look_seconds=look_seconds
    )

    def run() -> None:
        try:
            relay.run(stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield relay
    finally:
        stop.set()
        thread.join(20)
    assert not failures


def rows(settings: Settings, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        return connection.execute(query.encode(), values).fetchall()


def logged(settings: Settings) -> int:
    return int(rows(settings, "SELECT count(*) FROM backbone.event_log")[0][0])


def seen(settings: Settings, consumer: str) -> dict[UUID, list[int]]:
    """What the consumer did, topic by topic, in the order it did it."""
    found: dict[UUID, list[int]] = {}
    query = "SELECT topic, n FROM probe.effects WHERE consumer = %s ORDER BY id"
    for topic, n in rows(settings, query, consumer):
        found.setdefault(topic, []).append(n)
    return found


def made(settings: Settings) -> dict[UUID, list[int]]:
    """What was committed, topic by topic."""
    return {
        topic: list(range(1, n + 1))
        for topic, n in rows(settings, "SELECT topic, n FROM probe.topics WHERE n > 0")
    }


async def eventually(check: Callable[[], bool], *, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(check):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def in_parallel(count: int, work: Callable[[int], Awaitable[None]]) -> None:
    await asyncio.gather(*(work(number) for number in range(count)))


def in_order(found: Sequence[int]) -> bool:
    return list(found) == list(range(1, len(found) + 1))

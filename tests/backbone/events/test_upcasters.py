"""Handlers see old events of the log as today's; those of a newer release wait for it."""

import json
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events import parked
from bodega.backbone.events.handling import Consumer
from bodega.backbone.settings import Settings
from bodega.kernel.events import Envelope, EventTooNew, Payload
from tests.backbone.events.probe import Noted, consumers

TOPIC = uuid4()


def _counted(payload: Payload) -> Payload:
    """Version 1 said `number` for `n`."""
    return {"topic": payload["topic"], "n": payload["number"]}


def _doubled(payload: Payload) -> Payload:
    """Version 2 counted in pairs."""
    return payload | {"n": payload["n"] * 2}


class NotedThree(Noted):
    version: ClassVar[int] = 3
    upcasters: ClassVar[dict[int, Callable[[Payload], Payload]]] = {1: _counted, 2: _doubled}


def log(settings: Settings, *events: tuple[int, Payload]) -> None:
    """As the relay of earlier releases has logged them."""
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        for at, (version, payload) in enumerate(events, start=1):
            connection.execute(
                """INSERT INTO backbone.event_log ("offset", partition, event_id, type, version,
                       key, occurred_at, correlation_id, actor, payload)
                   VALUES (%s, 0, %s, 'probe.noted', %s, %s, now(), 'c', 'a', %s)""",
                [at, uuid4(), version, TOPIC, json.dumps({"topic": str(TOPIC), **payload})],
            )


async def test_a_handler_sees_old_events_as_todays(database: Database, probed: Settings) -> None:
    seen: list[int] = []

    async def react(uow: UnitOfWork, envelope: Envelope, event: Any) -> None:
        seen.append(event.n)

    log(probed, (1, {"number": 1}), (2, {"n": 2}), (3, {"n": 6}), (4, {"n": 7}))
    await consumers(database, Consumer("probe.up", {Noted.type: NotedThree}, react)).drain()
    assert seen[-3:] == [2, 4, 6]
    async with database.reading() as connection:
        (waiting,) = await parked.list_parked(connection)
    assert waiting.error
    assert waiting.error.startswith("EventTooNew: probe.noted 4 is unknown here")


def test_a_version_of_the_future_is_not_guessed_at() -> None:
    with pytest.raises(EventTooNew):
        NotedThree.read(4, {"topic": UUID(int=0), "n": 1})

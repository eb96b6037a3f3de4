"""Events of others enter the outbox once, whoever falls over; what is no event is set aside."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from bodega.backbone.db import Database
from bodega.backbone.kafka import quarantine
from bodega.backbone.kafka.errors import RegistryUnreachable
from bodega.backbone.kafka.intake import Intake, positions
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.kafka.wire import as_text
from bodega.backbone.settings import Settings
from bodega.kernel.events import Envelope
from bodega.testing.registry import SchemaRegistry
from tests.backbone.events.probe import relaying
from tests.backbone.kafka.logs import intake, log, paid, rows, wire
from tests.kit.kafka import Broker, contents, fresh, make_topic, send

IN_OUTBOX = "SELECT event_id FROM backbone.outbox ORDER BY id"


async def told(settings: Settings, topic: str, *events: Envelope) -> None:
    """As another system tells of them."""
    messages = [(str(e.key).encode(), as_text(e.model_dump(mode="json"))) for e in events]
    await send(settings.events_kafka_servers, topic, messages)


async def taken(found: Intake, settings: Settings, topic: str) -> int:
    """All that the topic holds, from wherever a consumer without memory would begin."""
    count = 0
    records = await contents(settings.events_kafka_servers, topic)
    for partition in sorted({record.partition for record in records}):
        ours = [record for record in records if record.partition == partition]
        count += await found.take(ours, ends=ours[-1].offset + 1)
    return count


async def until(settings: Settings, query: str, wanted: int) -> None:
    for _ in range(400):
        if len(await asyncio.to_thread(rows, settings, query)) >= wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(rows(settings, query))


async def run_until(found: Intake, settings: Settings, query: str, wanted: int) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(found.run(stop))
    try:
        await until(settings, query, wanted)
    finally:
        stop.set()
        await running


async def test_events_of_others_reach_the_log_once(wired: Settings, database: Database) -> None:
    topic = fresh("other.events")
    await make_topic(wired.events_kafka_servers, topic, 2)
    events = [paid(uuid4(), n) for n in range(20)]
    await told(wired, topic, *events, *events[:5])
    log(wired, events[:1])
    with relaying(wired):
        await run_until(
            intake(database, topic), wired, "SELECT 1 FROM backbone.event_log", len(events)
        )
    logged = rows(wired, "SELECT event_id, payload FROM backbone.event_log")
    assert dict(logged) == {event.event_id: event.payload for event in events}
    async with database.reading() as connection:
        known = await positions(connection)
    assert sum(position.offset for position in known) == 25
    assert all(position.offset == position.ends for position in known)


async def test_it_goes_on_where_the_database_is(wired: Settings, database: Database) -> None:
    topic = fresh("other.events")
    events = [paid(uuid4(), n) for n in range(6)]
    await told(wired, topic, *events[:4])
    await run_until(intake(database, topic), wired, IN_OUTBOX, 4)
    await told(wired, topic, *events[4:])
    await run_until(intake(database, topic), wired, IN_OUTBOX, 6)
    assert rows(wired, IN_OUTBOX) == [(event.event_id,) for event in events]


async def test_killed_before_it_commits_it_takes_everything_again_and_once(
    wired: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = fresh("other.events")
    events = [paid(uuid4(), n) for n in range(10)]
    await told(wired, topic, *events)
    found = intake(database, topic)

    async def die(*_: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("bodega.backbone.db.UnitOfWork.commit", die)
        with pytest.raises(SystemError):
            await taken(found, wired, topic)
    assert rows(wired, IN_OUTBOX) == []
    assert await taken(found, wired, topic) == 10
    assert await taken(found, wired, topic) == 0
    assert rows(wired, IN_OUTBOX) == [(event.event_id,) for event in events]


async def test_two_at_the_same_partition_do_it_once(wired: Settings, database: Database) -> None:
    topic = fresh("other.events")
    await told(wired, topic, *(paid(uuid4(), n) for n in range(30)))
    both = [taken(intake(database, topic), wired, topic) for _ in range(2)]
    assert sorted(await asyncio.gather(*both)) == [0, 30]


async def test_what_is_no_event_is_set_aside_and_the_next_goes_on(
    wired: Settings, database: Database
) -> None:
    topic = fresh("other.events")
    good = [paid(uuid4()), paid(uuid4())]
    unknown = paid(uuid4()).model_copy(update={"type": "moon.landed"})
    newer = paid(uuid4()).model_copy(update={"version": 2})
    thin = paid(uuid4()).model_copy(update={"payload": {}})
    stray = paid(uuid4()).model_copy(update={"key": uuid4()})
    long = paid(uuid4()).model_copy(update={"correlation_id": "c" * 65})
    await told(wired, topic, good[0], unknown, newer, thin, stray, long)
    odd = [(b"k", None), (None, b"{"), (b"k", b"[1]"), (b"k", b"\0\0\0\0\1x"), (b"k", b"\0\0")]
    await send(wired.events_kafka_servers, topic, odd)
    await told(wired, topic, good[1])
    assert await taken(intake(database, topic), wired, topic) == 2
    assert rows(wired, IN_OUTBOX) == [(event.event_id,) for event in good]
    async with database.reading() as connection:
        found = {message.offset: message for message in await quarantine.quarantined(connection)}
    reasons = [found[offset].reason for offset in sorted(found)]
    for reason, expected in zip(
        reasons,
        [
            "No contract tells of moon.landed",
            "orders.order_paid 2 is unknown here",
            "Its payload breaks the contract",
            "Its key is not the one of its payload",
            "The database does not take it: value too long",
            "It is empty: events are never taken back",
            "It is neither JSON nor Avro",
            "It is no event: the whole",
            "no registry is configured",
            "no registry is configured",
        ],
        strict=True,
    ):
        assert expected in reason
    assert json.loads(found[1].value or b"")["type"] == "moon.landed"


async def test_what_was_set_aside_goes_in_once_its_cause_is_mended(
    wired: Settings, database: Database
) -> None:
    topic = fresh("other.events")
    event = paid(uuid4())
    await told(wired, topic, event)
    blind = Intake(
        database,
        None,
        wire(wired),
        topics=[],
        group="",
        kinds={},  # type: ignore[arg-type]
    )
    assert await taken(blind, wired, topic) == 0
    async with database.reading() as connection:
        (message,) = await quarantine.quarantined(connection)
    assert await blind.again(message) == "No contract tells of orders.order_paid"
    assert await intake(database, topic).again(message) is None
    assert await intake(database, topic).again(message) is None
    assert rows(wired, IN_OUTBOX) == [(event.event_id,)]
    assert rows(wired, "SELECT 1 FROM backbone.kafka_quarantine") == []


async def test_a_registry_that_is_down_is_no_reason_to_set_aside(
    wired: Settings, database: Database, registry: Registry, double: SchemaRegistry
) -> None:
    topic = fresh("other.events")
    event = paid(uuid4())
    message = await wire(wired, registry).encode(event)
    await send(wired.events_kafka_servers, topic, [(message.key, message.value)])
    await send(
        wired.events_kafka_servers, topic, [(b"k", b"\0\0\0\0\x63abc"), (b"k", message.value[:-3])]
    )
    registry._schemas.clear()
    double.failures = 4
    with pytest.raises(RegistryUnreachable):
        await taken(intake(database, topic, registry), wired, topic)
    assert rows(wired, "SELECT 1 FROM backbone.kafka_quarantine") == []
    assert await taken(intake(database, topic, registry), wired, topic) == 1
    reasons = rows(wired, 'SELECT reason FROM backbone.kafka_quarantine ORDER BY "offset"')
    assert "Schema 99 not found" in reasons[0][0]
    assert "Schema 1 does not read it" in reasons[1][0]


async def test_a_topic_made_anew_is_read_from_its_beginning(
    wired: Settings, database: Database
) -> None:
    topic = fresh("other.events")
    await told(wired, topic, paid(uuid4()))
    async with database.work() as uow:
        await uow.connection.execute(
            text(
                """INSERT INTO backbone.kafka_positions (topic, partition, "offset")
                   VALUES (:topic, 0, 1000)"""
            ),
            {"topic": topic},
        )
    await run_until(intake(database, topic), wired, IN_OUTBOX, 1)


async def test_brokers_that_go_away_are_noticed_and_waited_for(
    wired: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bodega.backbone.kafka.connection._PATIENCE_MS", 300)
    monkeypatch.setattr("bodega.backbone.kafka.intake.LOOK_SECONDS", 0.1)
    own, topic = Broker(wired.data_dir / "intake"), fresh("other.events")
    own.start()
    settings = wired.model_copy(update={"events_kafka_servers": own.servers})
    database = Database(settings)
    await told(settings, topic, paid(uuid4()))
    stop = asyncio.Event()
    running = asyncio.create_task(intake(database, topic).run(stop))
    said = ""
    try:
        await until(settings, IN_OUTBOX, 1)
        own.stop()
        while "intake_waits" not in said:
            await asyncio.sleep(0.1)
            said += capsys.readouterr().out
        own.start()
        await told(settings, topic, paid(uuid4()))
        await until(settings, IN_OUTBOX, 2)
    finally:
        stop.set()
        await running
        await database.close()
        own.stop()
    assert said.count("\n") < 5

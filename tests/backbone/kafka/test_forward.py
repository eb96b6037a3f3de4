"""The log's events reach their topic: all of them, in order per key, whoever falls over."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from bodega.backbone.db import Database
from bodega.backbone.events import parked
from bodega.backbone.events.log import ConsumerLag, consumer_lag
from bodega.backbone.events.stuck import StuckEvents
from bodega.backbone.kafka.connection import Access, producing
from bodega.backbone.kafka.errors import KafkaUnreachable, TooLarge
from bodega.backbone.kafka.forward import NAME, Forwarder
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.settings import Settings
from bodega.kernel.events import Envelope
from tests.backbone.kafka.logs import by_key, forwarder, log, paid, rows, wire
from tests.kit.kafka import Broker, contents, make_topic


async def drain(found: Forwarder, wired: Settings) -> None:
    async with producing(Access.of(wired), client_id="test") as producer:
        while await found.forward(producer):
            pass


async def sent(wired: Settings, registry: Registry | None = None) -> list[Envelope]:
    known = wire(wired, registry)
    records = await contents(wired.events_kafka_servers, wired.events_topic)
    return [await known.decode(record.value) for record in records]


@pytest.mark.parametrize("avro", [True, False], ids=["avro", "json"])
async def test_every_event_in_order_per_key(
    avro: bool, wired: Settings, database: Database, registry: Registry
) -> None:
    await make_topic(wired.events_kafka_servers, wired.events_topic, 3)
    keys = [uuid4() for _ in range(20)]
    events = [paid(keys[n % 20], n) for n in range(200)]
    log(wired, events)
    known = registry if avro else None
    await drain(forwarder(database, known), wired)
    found = await sent(wired, known)
    assert by_key(found) == by_key(events)
    assert sorted(found, key=lambda e: e.event_id) == sorted(events, key=lambda e: e.event_id)
    async with database.reading() as connection:
        assert await consumer_lag(connection) == [ConsumerLag(NAME, 0, 0, 0)]
    records = await contents(wired.events_kafka_servers, wired.events_topic)
    assert len({record.partition for record in records}) > 1
    assert {record.key.decode() for record in records} == {str(key) for key in keys}
    assert {record.value[:1] for record in records} == ({b"\0"} if avro else {b"{"})
    assert dict(records[0].headers)["bodega-type"] == b"orders.order_paid"


async def test_killed_before_the_position_moves_it_sends_again_and_loses_nothing(
    wired: Settings, database: Database, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [paid(uuid4(), n) for n in range(30)]
    log(wired, events)

    def die(*_: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("bodega.backbone.kafka.forward.move_positions", die)
        with pytest.raises(SystemError):
            await drain(forwarder(database, registry), wired)
    await drain(forwarder(database, registry), wired)
    found = await sent(wired, registry)
    assert len(found) == 60
    assert by_key(found) == by_key(events)


async def test_an_event_that_cannot_be_written_waits_and_others_go(
    wired: Settings, database: Database, registry: Registry
) -> None:
    good, bad = uuid4(), uuid4()
    odd = paid(bad).model_copy(update={"version": 9})
    broken = paid(bad).model_copy(update={"payload": {"order_id": str(bad)}})
    log(wired, [odd, paid(good), paid(bad), broken, paid(good)])
    found = forwarder(database, registry)
    for _ in range(3):
        await drain(found, wired)
        await asyncio.sleep(0.06)
    assert {event.key for event in await sent(wired, registry)} == {good}
    async with database.reading() as connection:
        dead, behind, _ = await parked.list_parked(connection, consumer=NAME)
        assert (dead.state, behind.state) == ("dead", "waiting")
        assert dead.error == "SchemaNotKept: No schema of orders.order_paid, version 9, is kept"
    stuck = StuckEvents(database)
    await stuck.drop(actor="operator", why="", consumer=NAME, event_id=odd.event_id)
    await drain(found, wired)
    async with database.reading() as connection:
        (left,) = await parked.list_parked(connection, consumer=NAME)
    assert left.error == "NotOfSchema: payload.amount is missing"
    assert len(await sent(wired, registry)) == 3


async def test_an_event_that_is_too_large_is_parked(wired: Settings, database: Database) -> None:
    huge = paid(uuid4()).model_copy(update={"payload": {"x": "y" * 1_100_000}})
    log(wired, [huge, paid(uuid4())])
    await drain(forwarder(database), wired)
    assert len(await sent(wired)) == 1
    async with database.reading() as connection:
        (stuck,) = await parked.list_parked(connection, consumer=NAME)
    assert (stuck.error or "").startswith(f"{TooLarge.__name__}: ")


async def test_brokers_that_are_down_are_waited_for(wired: Settings, database: Database) -> None:
    own = Broker(wired.data_dir / "kafka")  # others use the shared one meanwhile
    settings = wired.model_copy(update={"events_kafka_servers": own.servers})
    with pytest.raises(KafkaUnreachable):
        async with producing(Access.of(settings), client_id="test"):
            pass
    log(settings, [paid(uuid4())])
    down = Database(settings)
    stop = asyncio.Event()
    running = asyncio.create_task(forwarder(down).run(stop))
    await asyncio.sleep(0.1)
    own.start()
    try:
        await _until(settings, 1)
        own.stop()
        log(settings, [paid(uuid4()) for _ in range(5)])
        await asyncio.sleep(0.3)
        assert not running.done()
        own.start()
        await _until(settings, 6)
        assert len(by_key(await sent(settings))) == 6
    finally:
        stop.set()
        await running
        await down.close()
        own.stop()


async def _until(settings: Settings, offset: int) -> None:
    query = 'SELECT max("offset") FROM backbone.consumer_positions'
    for _ in range(400):
        if rows(settings, query) == [(offset,)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(rows(settings, query))

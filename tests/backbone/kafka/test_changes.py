"""Row changes go to topics of their tables as Debezium tells of them; a crash repeats, at most."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest

from bodega.apps import kafka_changes
from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.backbone.changes.sink import Batch, Checkpoint
from bodega.backbone.changes.slot import drop_slot
from bodega.backbone.kafka.changes import FEED, KafkaSink
from bodega.backbone.kafka.connection import Access
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.kafka.row_messages import RowMessages
from bodega.backbone.kafka.wire import AvroWire
from bodega.backbone.settings import Settings
from bodega.testing.registry import SchemaRegistry
from tests.backbone.changes.databases import TestDatabase, database, eventually, running, server
from tests.kit.kafka import Broker, contents, fresh

__all__ = ["database", "server"]

SETUP = (
    "CREATE SCHEMA backbone",
    """CREATE TABLE backbone.kafka_feeds (name text PRIMARY KEY, checkpoint jsonb NOT NULL,
       updated_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE backbone.kafka_quarantine (id uuid, topic text, partition int, "offset" bigint,
       key bytea, value bytea, reason text, UNIQUE (topic, partition, "offset"))""",
    """CREATE TABLE things (id uuid PRIMARY KEY, n int, rate float8, at timestamptz,
       price numeric, more jsonb, tags text[], secret text)""",
)
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
COLUMNS = ["id", "n", "rate", "at", "price", "more", "tags"]
PUBLISHED = {"public.things": COLUMNS}


@pytest.fixture
def things(database: TestDatabase) -> TestDatabase:
    database.run(*SETUP)
    return database


def registry_at(double: SchemaRegistry) -> Registry:
    """A client of its own: whoever uses it closes it."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(double.app))
    return Registry("http://r.test", client=client)


@contextmanager
def feeding(
    things: TestDatabase, broker: Broker, prefix: str, double: SchemaRegistry | None = None
) -> Iterator[None]:
    avro = AvroWire(registry_at(double)) if double is not None else None
    sink = KafkaSink(
        things.dsn,
        Access(broker.servers),
        prefix=prefix,
        published=PUBLISHED,
        sealed={"public.things": ["tags"]},
        avro=avro,
    )
    policy = FlushPolicy(seconds=0.1)
    feed = ChangeFeed(
        things.dsn, PUBLISHED, sink, slot=things.slot, publication="kafka_test", policy=policy
    )
    with closing(sink), running(feed):
        yield


def written(things: TestDatabase) -> None:
    things.run(
        f"""INSERT INTO things VALUES
            ('{ID}', 1, 'NaN', '2026-11-21 10:00:00+00', 1.50, '{{"a":1}}', NULL, 'x')""",
        "UPDATE things SET n = 2",
        "DELETE FROM things",
    )


def wait_for_all(things: TestDatabase) -> None:
    """Until what is committed by now is with the brokers."""
    query = "SELECT (checkpoint ->> 'position')::bigint >= %s FROM backbone.kafka_feeds"
    with things.connect() as connection:
        found = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
        assert found
        target = int(str(found[0])) - 1
        connection.execute("SELECT pg_logical_emit_message(true, 'test', 'go on')")
        eventually(lambda: connection.execute(query, [target]).fetchone() == (True,))


async def told(broker: Broker, topic: str, registry: Registry | None) -> Sequence[Any]:
    records = await contents(broker.servers, topic)
    return [await RowMessages(registry).read(record) for record in records]


@pytest.mark.parametrize("avro", [True, False], ids=["avro", "json"])
async def test_rows_reach_their_topic(
    avro: bool, things: TestDatabase, broker: Broker, double: SchemaRegistry, registry: Registry
) -> None:
    prefix = fresh("shop")
    topic = f"{prefix}.public.things"

    def work() -> None:
        with feeding(things, broker, prefix, double if avro else None):
            eventually(lambda: things.rows("SELECT 1 FROM pg_replication_slots WHERE active"))
            written(things)
            wait_for_all(things)

    await asyncio.to_thread(work)
    found = await told(broker, topic, registry if avro else None)
    assert [change.op for change in found] == ["c", "u", "d", "d"]
    assert {change.key for change in found} == {f'{{"id":"{ID}"}}'}
    row = json.loads(found[0].after)
    assert row == {
        **{"id": ID, "n": 1, "rate": "NaN", "at": "2026-11-21T10:00:00Z", "price": "1.50"},
        **{"more": {"a": 1}, "tags": None},
    }
    assert json.loads(found[1].after)["n"] == 2
    if avro:
        schema = await registry.schema(2)
        assert isinstance(schema, dict)
        assert f"{schema['namespace']}.{schema['name']}" == f"{topic.replace('-', '_')}.Envelope"


async def test_brokers_that_are_down_cost_nothing_but_time(
    things: TestDatabase, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own, prefix = Broker(tmp_path_factory.mktemp("kafka")), fresh("shop")
    try:

        def work() -> None:
            with feeding(things, own, prefix):
                eventually(lambda: things.rows("SELECT 1 FROM pg_replication_slots WHERE active"))
                things.run(f"INSERT INTO things (id, n) VALUES ('{ID}', 1)")
                own.start()
                wait_for_all(things)
            things.run("UPDATE things SET n = 2")
            with feeding(things, own, prefix):
                wait_for_all(things)

        await asyncio.to_thread(work)
        found = await told(own, f"{prefix}.public.things", None)
        assert [json.loads(change.after)["n"] for change in found] == [1, 2]
    finally:
        own.stop()


async def test_what_the_copy_of_a_table_has_sent_is_not_sent_again(
    things: TestDatabase, broker: Broker
) -> None:
    prefix = fresh("shop")

    def work() -> None:
        access = Access(broker.servers)
        with closing(
            KafkaSink(things.dsn, access, prefix=prefix, published=PUBLISHED, sealed={})
        ) as sink:
            sink.save(Checkpoint(tables={"public.things": 100}))
            changes = [
                Change("public.things", "u", '{"id":1}', None, f'{{"n":{lsn}}}', (), 1, 1, lsn, 1)
                for lsn in (99, 100, 101)
            ]
            sink.write(Batch({"public.things": changes}, position=101))

    await asyncio.to_thread(work)
    (found,) = await told(broker, f"{prefix}.public.things", None)
    assert found.after == '{"n":101}'


async def test_a_row_that_no_message_can_carry_is_set_aside(
    things: TestDatabase, broker: Broker
) -> None:
    prefix = fresh("shop")

    def work() -> None:
        things.run(
            f"INSERT INTO things (id, more) VALUES ('{ID}', to_jsonb(repeat('x', 1100000)))",
            "INSERT INTO things (id, n) VALUES (gen_random_uuid(), 1)",
        )
        with feeding(things, broker, prefix):
            wait_for_all(things)

    await asyncio.to_thread(work)
    (found,) = await told(broker, f"{prefix}.public.things", None)
    assert json.loads(found.after)["n"] == 1
    ((key, size, reason),) = things.rows(
        "SELECT key, length(value), reason FROM backbone.kafka_quarantine"
    )
    assert (json.loads(key), size > 1_100_000) == ({"id": ID}, True)
    assert "bytes" in reason


def dropped(connection: psycopg.Connection[Any]) -> bool:
    """The server notices a moment later that the slot's reader is gone."""
    with suppress(psycopg.errors.ObjectInUse):
        drop_slot(connection, FEED)
        return True
    return False


async def test_the_shops_own_tables_go_out_with_personal_columns_sealed(
    wired: Settings, double: SchemaRegistry, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = wired.model_copy(
        update={"events_kafka_changes": "avro", "events_kafka_registry_url": "http://r.test"}
    )
    monkeypatch.setattr(kafka_changes, "registry_of", lambda _: registry_at(double))
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO identity.users (id, email, role, status)
               VALUES (%s, 'ada@example.com', 'customer', 'active')""",
            [ID],
        )

        def there() -> bool:
            query = "SELECT checkpoint ->> 'confirmed' FROM backbone.kafka_feeds"
            row = connection.execute(query).fetchone()
            return row is not None and int(row[0]) > 0

        def work() -> None:
            with kafka_changes.kafka_feed(settings) as feed, running(feed):
                eventually(there)
                eventually(lambda: feed.status.state == "streaming")
            eventually(lambda: dropped(connection))

        await asyncio.to_thread(work)
    records = await contents(
        settings.events_kafka_servers, f"{settings.events_kafka_prefix}.identity.users"
    )
    assert not any(b"ada@example.com" in record.value for record in records)
    (user,) = [await RowMessages(registry).read(record) for record in records]
    assert (user.op, json.loads(user.after or "")["id"]) == ("r", ID)

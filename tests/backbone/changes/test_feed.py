"""The feed against a real PostgreSQL: what the sink ends up with is what the table holds."""

import json
import threading

import pytest

from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.changes.errors import (
    ForeignDatabase,
    PublicationRefused,
    SlotBusy,
    SlotElsewhere,
)
from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.backbone.changes.sink import Checkpoint
from bodega.backbone.changes.slot import create_slot, inspect_slot
from tests.backbone.changes.databases import (
    TestDatabase,
    eventually,
    new_database,
    running,
    running_server,
)
from tests.backbone.changes.memory import MemorySink, effect, places_are_unique

QUICK = FlushPolicy(seconds=0.1, rows=100, catch_up_rows=1000)
THINGS = "public.things"
COLUMNS = ("id", "name", "size")
BIG = "repeat(md5('toast'), 2000)"


def new_feed(
    database: TestDatabase,
    sink: MemorySink,
    published: dict[str, tuple[str, ...]] | None = None,
    policy: FlushPolicy = QUICK,
) -> ChangeFeed:
    return ChangeFeed(
        database.dsn,
        published or {THINGS: COLUMNS},
        sink,
        slot=database.slot,
        policy=policy,
        check_seconds=0.3,
    )


def table_state(database: TestDatabase, table: str = THINGS) -> dict[str, dict[str, object]]:
    rows = database.rows(f"SELECT id, row_to_json(t)::text FROM {table} t")
    return {f'{{"id":{key}}}': json.loads(row) for key, row in rows}


@pytest.fixture
def things(database: TestDatabase) -> TestDatabase:
    database.run("CREATE TABLE things (id int PRIMARY KEY, name text, size int)")
    return database


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


def test_rows_that_were_there_come_first_then_every_change(
    things: TestDatabase, sink: MemorySink
) -> None:
    things.run("INSERT INTO things VALUES (1, 'old', 10), (2, NULL, 20)")
    with running(new_feed(things, sink)):
        eventually(lambda: len(sink.of(THINGS)) == 2)
        things.run(
            "INSERT INTO things VALUES (3, 'a \"quoted\"\\tü', NULL)",
            "UPDATE things SET size = 11 WHERE id = 1",
            "DELETE FROM things WHERE id = 2",
            "UPDATE things SET id = 4 WHERE id = 3",
        )
        eventually(lambda: sink.state(THINGS) == table_state(things))
    assert sink.ops(THINGS) == "rrcuddc"
    deleted = sink.of(THINGS)[4]
    assert (deleted.key, deleted.before, deleted.after) == ('{"id":2}', '{"id":2}', None)


def test_a_truncate_empties_every_table_it_names(things: TestDatabase, sink: MemorySink) -> None:
    things.run("CREATE TABLE parts (id int PRIMARY KEY)")
    things.run("INSERT INTO things VALUES (1)", "INSERT INTO parts VALUES (1)")
    published = {THINGS: COLUMNS, "public.parts": ("id",)}
    with running(new_feed(things, sink, published)):
        eventually(lambda: len(sink.of("public.parts")) == 1)
        things.run("TRUNCATE things, parts", "INSERT INTO things VALUES (2)")
        eventually(lambda: sink.state(THINGS) == table_state(things) and sink.ops(THINGS))
    assert sink.ops(THINGS) == "rtc"
    assert sink.state("public.parts") == {}


def test_a_large_value_that_an_update_leaves_alone_is_named_and_not_sent(
    things: TestDatabase, sink: MemorySink
) -> None:
    things.run("ALTER TABLE things ALTER name SET STORAGE EXTERNAL")
    with running(new_feed(things, sink)):
        eventually(lambda: THINGS in sink.changes)
        things.run(f"INSERT INTO things VALUES (1, {BIG}, 1)", "UPDATE things SET size = 2")
        eventually(lambda: sink.ops(THINGS) == "cu")
    update = sink.of(THINGS)[1]
    assert update.unchanged == ("name",)
    assert json.loads(str(update.after)) == {"id": 1, "size": 2}
    assert sink.state(THINGS) == table_state(things)


def test_a_table_whose_updates_would_fail_is_refused_before_it_is_published(
    things: TestDatabase, sink: MemorySink
) -> None:
    things.run("ALTER TABLE things REPLICA IDENTITY FULL", "INSERT INTO things VALUES (1, 'a', 1)")
    feed = new_feed(things, sink)
    with running(feed):
        refused = PublicationRefused(THINGS, "its replica identity is full")
        eventually(lambda: feed.status.error.startswith(str(refused).partition(" is full")[0]))
        things.run("UPDATE things SET name = 'b'", "ALTER TABLE things REPLICA IDENTITY DEFAULT")
        eventually(lambda: sink.state(THINGS) == table_state(things))


def test_columns_that_are_not_published_never_appear(
    things: TestDatabase, sink: MemorySink
) -> None:
    things.run("ALTER TABLE things ADD secret text DEFAULT 'hush'", "INSERT INTO things VALUES (1)")
    things.run("CREATE TABLE private (id int PRIMARY KEY)")
    with running(new_feed(things, sink)):
        things.run("INSERT INTO private VALUES (1)")
        eventually(lambda: len(sink.of(THINGS)) == 1)
        things.run("UPDATE things SET secret = 'louder'", "INSERT INTO things VALUES (2)")
        things.run("DELETE FROM things WHERE id = 1")
        eventually(lambda: sink.ops(THINGS) == "rucd")
    assert "hush" not in repr(sink.changes)
    assert "louder" not in repr(sink.changes)
    assert set(sink.changes) == {THINGS}


def test_columns_may_be_renamed_added_and_dropped_mid_stream(
    things: TestDatabase, sink: MemorySink
) -> None:
    published = {THINGS: ("id", "name", "size", "title", "colour")}
    with running(new_feed(things, sink, published)):
        eventually(lambda: THINGS in sink.changes)
        things.run("INSERT INTO things VALUES (1, 'first', 1)")
        eventually(lambda: sink.ops(THINGS) == "c")
        things.run(
            "ALTER TABLE things RENAME name TO title",
            "INSERT INTO things VALUES (2, 'second', 2)",
            "ALTER TABLE things ADD colour text DEFAULT 'red'",
            "INSERT INTO things VALUES (3, 'third', 3)",
        )
        eventually(lambda: sink.state(THINGS) == table_state(things))
        things.run(
            "ALTER TABLE things DROP size CASCADE", "INSERT INTO things VALUES (4, 'fourth')"
        )
        eventually(lambda: sink.state(THINGS) == table_state(things))
    assert json.loads(str(sink.of(THINGS)[0].after)) == {"id": 1, "name": "first", "size": 1}


def test_a_table_that_is_published_later_is_copied_then_followed(
    things: TestDatabase, sink: MemorySink
) -> None:
    published = {THINGS: COLUMNS, "public.parts": ("id", "name")}
    with running(new_feed(things, sink, published)) as _:
        eventually(lambda: THINGS in sink.changes)
        things.run("CREATE TABLE parts (id int PRIMARY KEY, name text)")
        writing = threading.Thread(
            target=lambda: [things.run(f"INSERT INTO parts VALUES ({i}, 'p')") for i in range(200)]
        )
        writing.start()
        writing.join()
        things.run("UPDATE parts SET name = 'q' WHERE id < 50", "INSERT INTO things VALUES (1)")
        eventually(
            lambda: (
                sink.state("public.parts") == table_state(things, "parts") and sink.state(THINGS)
            )
        )
    assert places_are_unique(sink.of("public.parts"))
    assert sink.ops(THINGS) == "c"


def test_copying_under_concurrent_writes_leaves_no_gap_and_no_double(
    things: TestDatabase, sink: MemorySink
) -> None:
    things.run("INSERT INTO things SELECT i, 'old', 0 FROM generate_series(1, 3000) i")
    stop = threading.Event()

    def write(start: int) -> None:
        with things.connect() as connection:
            number = start
            while not stop.is_set() or number < start + 300:
                number += 1
                with connection.transaction():
                    connection.execute("INSERT INTO things VALUES (%s, 'new', 0)", [number])
                    connection.execute(
                        "UPDATE things SET size = size + 1 WHERE id = %s", [number % 3000 + 1]
                    )
                connection.execute("DELETE FROM things WHERE id = %s", [number % 3000 // 7])

    writers = [threading.Thread(target=write, args=(start,)) for start in (10_000, 500_000)]
    for writer in writers:
        writer.start()
    with running(new_feed(things, sink)):
        eventually(lambda: len(sink.of(THINGS)) > 3500)
        stop.set()
        for writer in writers:
            writer.join()
        eventually(lambda: sink.state(THINGS) == table_state(things))
    assert places_are_unique(sink.of(THINGS))
    keys = [change.key for change in sink.of(THINGS) if change.op in "rc"]
    assert len(keys) == len(set(keys))


def test_a_large_transaction_comes_in_bounded_batches(
    things: TestDatabase, sink: MemorySink
) -> None:
    complete: list[int] = []
    feed = ChangeFeed(
        things.dsn,
        {THINGS: COLUMNS},
        sink,
        slot=things.slot,
        policy=QUICK,
        listener=lambda position, tables: complete.append(len(sink.of(THINGS))) if tables else None,
    )
    with running(feed):
        eventually(lambda: THINGS in sink.changes)
        things.run("INSERT INTO things SELECT i, 'x', i FROM generate_series(1, 5500) i")
        eventually(lambda: complete)
    assert complete == [5500]
    assert max(sink.batches) <= 1000
    sequences = [change.sequence for change in sink.of(THINGS)]
    assert sequences == list(range(1, 5501))


def test_a_restart_goes_on_where_it_was(things: TestDatabase, sink: MemorySink) -> None:
    with running(new_feed(things, sink)):
        things.run("INSERT INTO things VALUES (1)")
        eventually(lambda: len(sink.of(THINGS)) == 1)
    things.run("INSERT INTO things VALUES (2)")
    with running(new_feed(things, sink)):
        eventually(lambda: len(sink.of(THINGS)) == 2)
    assert sink.ops(THINGS) in {"rc", "cc"}


def test_a_lost_slot_heals_rows_deleted_meanwhile_included(
    things: TestDatabase, sink: MemorySink
) -> None:
    things.run("INSERT INTO things VALUES (1, 'stays'), (2, 'goes')")
    with running(new_feed(things, sink)):
        eventually(lambda: len(sink.state(THINGS)) == 2)
    things.drop_slots()
    things.run("DELETE FROM things WHERE id = 2", "INSERT INTO things VALUES (3, 'comes')")
    with running(new_feed(things, sink)):
        eventually(lambda: sink.state(THINGS) == table_state(things))
        things.run("INSERT INTO things VALUES (4)")
        eventually(lambda: sink.state(THINGS) == table_state(things))
    assert sink.ops(THINGS) == "rrtrrc"


def test_a_slot_that_the_server_gave_up_is_noticed_and_heals() -> None:
    """The WAL cap of one megabyte is overrun while nobody reads."""
    with running_server(slot_max_wal_mb=1) as server, new_database(server) as database:
        database.run("CREATE TABLE things (id int PRIMARY KEY, name text, size int)")
        database.run("INSERT INTO things VALUES (1)")
        sink = MemorySink()
        with running(new_feed(database, sink)):
            eventually(lambda: len(sink.of(THINGS)) == 1)
        database.run(f"INSERT INTO things SELECT i, {BIG} FROM generate_series(2, 900) i")
        with server_admin(server) as admin:
            for _ in range(4):
                admin.execute("SELECT pg_switch_wal()")
                database.run(f"UPDATE things SET name = {BIG} || 'x' WHERE id < 300")
            admin.execute("CHECKPOINT")
        with database.connect() as connection:
            state = inspect_slot(connection, database.slot)
        assert state is not None
        assert state.lost
        with running(new_feed(database, sink)):
            eventually(lambda: sink.state(THINGS) == table_state(database))


def server_admin(server):  # type: ignore[no-untyped-def]
    return sql_connection(server.superuser_url)


def test_a_killed_server_costs_nothing_but_time() -> None:
    with running_server() as server, new_database(server) as database:
        database.run("CREATE TABLE things (id int PRIMARY KEY, name text, size int)")
        sink = MemorySink()
        feed = new_feed(database, sink)
        with running(feed):
            eventually(lambda: feed.status.state == "streaming")
            for first in (1, 1001):
                database.run(
                    "INSERT INTO things SELECT i, 'x', i "
                    f"FROM generate_series({first}, {first + 999}) i"
                )
                server.kill()
                server.restart()
            eventually(lambda: len(sink.state(THINGS)) == 2000)
            assert sink.state(THINGS) == table_state(database)
        assert places_are_unique(sink.of(THINGS))


def test_a_broken_sink_delays_and_loses_nothing(things: TestDatabase, sink: MemorySink) -> None:
    feed = new_feed(things, sink)
    with running(feed):
        eventually(lambda: feed.status.state == "streaming")
        sink.broken.set()
        things.run("INSERT INTO things SELECT i, 'x', i FROM generate_series(1, 500) i")
        eventually(lambda: sink.refused > 2)
        assert feed.status.state == "waiting"
        assert feed.status.error == "broken for the test"
        sink.broken.clear()
        eventually(lambda: len(sink.of(THINGS)) == 500)
        eventually(lambda: feed.status.state == "streaming")
    assert sink.ops(THINGS) == "c" * 500


def test_an_idle_slot_goes_forward_with_the_server(things: TestDatabase, sink: MemorySink) -> None:
    feed = new_feed(things, sink)
    things.run("CREATE TABLE private (id int, filler text)")

    def confirmed() -> int:
        with things.connect() as connection:
            state = inspect_slot(connection, things.slot)
        return state.confirmed if state else 0

    with running(feed):
        eventually(lambda: feed.status.state == "streaming")
        things.run("INSERT INTO private SELECT i, repeat('x', 500) FROM generate_series(1, 999) i")
        (target,) = things.rows("SELECT pg_current_wal_lsn() - '0/0'")[0]
        eventually(lambda: confirmed() >= target)
        eventually(lambda: feed.status.position >= target - 1)
    assert feed.status.bytes_behind == 0


def test_a_second_reader_waits_for_the_slot(things: TestDatabase, sink: MemorySink) -> None:
    first, second = new_feed(things, sink), new_feed(things, sink)
    with running(first):
        eventually(lambda: first.status.state == "streaming")
        with running(second):
            eventually(lambda: second.status.state == "waiting")
            assert second.status.error == str(SlotBusy(things.slot))
    things.run("INSERT INTO things VALUES (1)")


def test_changes_of_another_database_are_refused(things: TestDatabase, sink: MemorySink) -> None:
    sink.saved = Checkpoint(system="another", position=5, tables={THINGS: 5})
    feed = new_feed(things, sink)
    with running(feed):
        eventually(lambda: feed.status.state == "waiting")
    assert "does not belong to this database" in feed.status.error
    assert ForeignDatabase.code == "foreign_database"


def test_a_slot_of_another_database_is_refused(things: TestDatabase, sink: MemorySink) -> None:
    with new_database(things.server) as other:
        create_slot(other.dsn, things.slot)
        feed = new_feed(things, sink)
        with running(feed):
            eventually(lambda: "one server takes one shop" in feed.status.error)
        with sql_connection(things.dsn) as connection, pytest.raises(SlotElsewhere):
            inspect_slot(connection, things.slot)


def test_changes_that_were_not_kept_come_again(things: TestDatabase, sink: MemorySink) -> None:
    with running(new_feed(things, sink)):
        eventually(lambda: THINGS in sink.changes)
        sink.broken.set()
        things.run("INSERT INTO things VALUES (1), (2)", "UPDATE things SET size = 1")
        eventually(lambda: sink.refused)
    sink.broken.clear()
    with running(new_feed(things, sink)):
        eventually(lambda: len(sink.of(THINGS)) == 4)
    assert sink.ops(THINGS) == "ccuu"
    assert effect(sink.of(THINGS)) == table_state(things)


def test_a_sink_put_back_to_an_older_state_is_filled_again(
    things: TestDatabase, sink: MemorySink
) -> None:
    with running(new_feed(things, sink)):
        eventually(lambda: THINGS in sink.changes)
        older = sink.saved
        things.run("INSERT INTO things VALUES (1)")
        eventually(lambda: sink.ops(THINGS) == "c" and sink.saved.position > older.position)
    things.run("UPDATE things SET size = 1")
    sink.saved = older
    with running(new_feed(things, sink)):
        eventually(lambda: sink.state(THINGS) == table_state(things))
    assert sink.ops(THINGS) == "ctr"

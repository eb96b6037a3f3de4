"""The relay logs every committed event once, in commit order, whatever becomes of its slot."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from bodega.backbone.db import Database
from bodega.backbone.events.partitions import partition_of
from bodega.backbone.events.relay import SLOT
from bodega.backbone.settings import Settings
from tests.backbone.events.probe import (
    Noted,
    eventually,
    forget_slot,
    in_parallel,
    logged,
    note,
    relaying,
    rows,
    topics,
)

OFFSETS = 'SELECT "offset" FROM backbone.event_log ORDER BY "offset"'
BY_TOPIC = """SELECT key, array_agg((payload->>'n')::int ORDER BY "offset"),
                     count(DISTINCT partition)
              FROM backbone.event_log GROUP BY key"""
OUTBOX = "SELECT count(*) FROM backbone.outbox"
WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


async def test_parallel_commits_are_logged_once_and_in_order_per_key(
    database: Database, probed: Settings
) -> None:
    keys = await topics(database, 5)
    with relaying(probed):
        await in_parallel(200, lambda n: note(database, keys[n % 5]))
        assert await eventually(lambda: logged(probed) == 200)
        assert await eventually(lambda: rows(probed, OUTBOX) == [(0,)])
    assert rows(probed, OFFSETS) == [(n,) for n in range(1, 201)]
    for key, order, partitions in rows(probed, BY_TOPIC):
        assert order == list(range(1, 41))
        assert partitions == 1
        assert rows(
            probed, "SELECT DISTINCT partition FROM backbone.event_log WHERE key = %s", key
        )[0] == (partition_of(key, probed.events_partitions),)


async def test_what_was_emitted_before_the_first_start_is_logged(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    for _ in range(3):
        await note(database, key)
    with relaying(probed):
        assert await eventually(lambda: logged(probed) == 3)


async def test_a_rolled_back_event_is_never_logged(database: Database, probed: Settings) -> None:
    (key,) = await topics(database, 1)
    with relaying(probed):
        await note(database, key)
        with pytest.raises(ZeroDivisionError):
            await emit_and_fail(database, key)
        await note(database, key)
        assert await eventually(lambda: logged(probed) == 2)
        await asyncio.sleep(0.5)
    assert logged(probed) == 2


async def emit_and_fail(database: Database, key: UUID) -> None:
    async with database.work() as uow:
        uow.emit(Noted(topic=key, n=99))
        await uow.flush()
        raise ZeroDivisionError


async def test_a_lost_slot_heals(database: Database, probed: Settings) -> None:
    (key,) = await topics(database, 1)
    with relaying(probed):
        await note(database, key)
        assert await eventually(lambda: logged(probed) == 1)
    with psycopg.connect(probed.dsn, autocommit=True) as connection:
        forget_slot(connection)
    for _ in range(4):
        await note(database, key)
    with relaying(probed):
        await note(database, key)
        assert await eventually(lambda: logged(probed) == 6)
    assert rows(probed, BY_TOPIC) == [(key, [1, 2, 3, 4, 5, 6], 1)]


async def test_a_slot_lost_under_a_running_relay_heals(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    with relaying(probed):
        await note(database, key)
        assert await eventually(lambda: logged(probed) == 1)
        with psycopg.connect(probed.dsn, autocommit=True) as connection:
            forget_slot(connection)
        await note(database, key)
        assert await eventually(lambda: logged(probed) == 2)


async def test_rows_that_no_slot_sends_are_swept_into_the_log(
    database: Database, probed: Settings
) -> None:
    """As after a crash between the making of a new slot and the end of its healing."""
    (key,) = await topics(database, 1)
    with relaying(probed):
        assert await eventually(lambda: bool(slots(probed)))
    await note(database, key)
    with psycopg.connect(probed.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", [SLOT])
    with relaying(probed):
        assert await eventually(lambda: logged(probed) == 1)
        assert await eventually(lambda: rows(probed, OUTBOX) == [(0,)])


async def test_an_event_is_logged_once_its_row_is_seen(
    database: Database, probed: Settings
) -> None:
    """A standby that is waited for keeps a commit from being seen, and not from being sent."""
    (key,) = await topics(database, 1)
    with relaying(probed), superuser(probed) as server:
        assert await eventually(lambda: bool(slots(probed)))
        with unseen(server):
            seen, waiting = await note_until_one_waits(database, key, server)
            await asyncio.sleep(0.3)
            assert logged(probed) == seen
        await waiting
        assert await eventually(lambda: logged(probed) == seen + 1)
        assert await eventually(lambda: rows(probed, OUTBOX) == [(0,)])


def superuser(settings: Settings) -> psycopg.Connection[Any]:
    return psycopg.connect(settings.dsn, user="postgres", autocommit=True)


@contextmanager
def unseen(server: psycopg.Connection[Any]) -> Iterator[None]:
    """Durable commits wait; the other tests' commits, which are not durable, go on."""
    server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        server.execute("SELECT pg_reload_conf()")
        yield
    finally:
        server.execute("ALTER SYSTEM RESET synchronous_standby_names")
        server.execute("SELECT pg_reload_conf()")


async def note_until_one_waits(
    database: Database, topic: UUID, server: psycopg.Connection[Any]
) -> tuple[int, asyncio.Task[None]]:
    """The server obeys a moment after it was told. How many went through before, and who waits."""
    for seen in count():
        told = asyncio.create_task(note_durably(database, topic))
        while not told.done():
            if server.execute(WAITS).fetchone():
                return seen, told
            await asyncio.sleep(0.01)
    raise AssertionError


async def note_durably(database: Database, topic: UUID) -> None:
    async with database.work() as uow:
        await uow.connection.execute(text("SET LOCAL synchronous_commit = on"))
        uow.emit(Noted(topic=topic, n=1))


async def test_two_relays_log_once(database: Database, probed: Settings) -> None:
    (key,) = await topics(database, 1)
    with relaying(probed), relaying(probed):
        await in_parallel(30, lambda _: note(database, key))
        assert await eventually(lambda: logged(probed) == 30)
    assert rows(probed, BY_TOPIC) == [(key, list(range(1, 31)), 1)]


async def test_an_idle_slot_goes_forward_with_the_server(
    database: Database, probed: Settings
) -> None:
    with relaying(probed):
        assert await eventually(lambda: bool(slots(probed)))
        (before,) = slots(probed)
        for _ in range(3):
            await topics(database, 50)
        assert await eventually(lambda: slots(probed)[0] > before, seconds=20)


def slots(settings: Settings) -> list[int]:
    query = """SELECT (confirmed_flush_lsn - '0/0')::bigint FROM pg_replication_slots
               WHERE slot_name = %s AND active AND confirmed_flush_lsn IS NOT NULL"""
    return [int(row[0]) for row in rows(settings, query, SLOT)]

"""The event log: every event once, in commit order, by offset; a partition keeps a key's order."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.schema import event_log
from bodega.kernel.events import Envelope

CHANNEL = "bodega_events"

_ENSURE = text(
    "INSERT INTO backbone.event_log_state (id, partitions) VALUES (1, :partitions)"
    " ON CONFLICT DO NOTHING"
)
_STATE = "SELECT partitions, last_offset FROM backbone.event_log_state WHERE id = 1"
_READ_STATE = text(_STATE)
_LOCK_STATE = text(f"{_STATE} FOR UPDATE")
_MOVE_STATE = text("UPDATE backbone.event_log_state SET last_offset = :last WHERE id = 1")
_KNOWN = text("SELECT event_id FROM backbone.event_log WHERE event_id = ANY(:ids)")
_WAKE = text("SELECT pg_notify(:channel, '')")
_READ = text(
    """SELECT * FROM backbone.event_log
       WHERE partition = :partition AND "offset" > :after AND "offset" <= :upto
         AND type = ANY(:types)
       ORDER BY "offset" LIMIT :limit"""
)
_TAIL = text(
    """SELECT * FROM backbone.event_log
       WHERE "offset" > :after AND (CAST(:type AS text) IS NULL OR type = :type)
       ORDER BY "offset" LIMIT :limit"""
)
_LAST = text(
    """SELECT * FROM (
         SELECT * FROM backbone.event_log WHERE CAST(:type AS text) IS NULL OR type = :type
         ORDER BY "offset" DESC LIMIT :limit) newest
       ORDER BY "offset" """
)
_LAG = text(
    """SELECT p.consumer, CAST(coalesce(sum(l.waiting), 0) AS bigint) AS waiting, min(l.oldest) AS oldest,
              (SELECT count(*) FROM backbone.parked_events d
               WHERE d.consumer = p.consumer AND d.state = 'retrying') AS retrying,
              (SELECT count(*) FROM backbone.parked_events d
               WHERE d.consumer = p.consumer AND d.state <> 'retrying') AS parked
       FROM backbone.consumer_positions p
       CROSS JOIN LATERAL (
         SELECT count(*) AS waiting, min(e.logged_at) AS oldest FROM backbone.event_log e
         WHERE e.partition = p.partition AND e."offset" > p."offset") l
       GROUP BY p.consumer ORDER BY p.consumer"""
)
_UNLOGGED = text("SELECT count(*) FROM backbone.outbox")


@dataclass(frozen=True, slots=True)
class LogState:
    """`partitions` as fixed at the first start; `last_offset` is the newest event's."""

    partitions: int
    last_offset: int


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    offset: int
    partition: int
    logged_at: datetime
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """`waiting` events are not looked at yet, the oldest since `oldest`; `retrying` failed and are
    tried again by themselves; `parked` failed for good or stand behind one that did."""

    consumer: str
    waiting: int
    retrying: int
    parked: int
    oldest: datetime | None


def partition_of(key: UUID, partitions: int) -> int:
    """The same for ever: CRC-32 of the key's bytes."""
    return zlib.crc32(key.bytes) % partitions


async def ensure_log(connection: AsyncConnection, *, partitions: int) -> LogState:
    """The log's state; `partitions` is used the first time only."""
    await connection.execute(_ENSURE, {"partitions": partitions})
    return await log_state(connection)


async def log_state(connection: AsyncConnection) -> LogState:
    row = (await connection.execute(_READ_STATE)).one()
    return LogState(row.partitions, row.last_offset)


async def append(connection: AsyncConnection, events: Sequence[Envelope]) -> int:
    """Log those that are not there yet, in the order given, and wake consumers at commit; how many.

    Appenders wait for each other's commit, so an offset is visible only after all smaller ones.
    """
    state = (await connection.execute(_LOCK_STATE)).one()
    ids = [event.event_id for event in events]
    known = set((await connection.execute(_KNOWN, {"ids": ids})).scalars())
    fresh = {event.event_id: event for event in events if event.event_id not in known}
    if not fresh:
        return 0
    last = state.last_offset + len(fresh)
    rows = [
        event.model_dump()
        | {"offset": offset, "partition": partition_of(event.key, state.partitions)}
        for offset, event in enumerate(fresh.values(), state.last_offset + 1)
    ]
    await connection.execute(event_log.insert(), rows)
    await connection.execute(_MOVE_STATE, {"last": last})
    await wake(connection)
    return len(fresh)


async def wake(connection: AsyncConnection) -> None:
    """Consumers look again once this transaction is committed."""
    await connection.execute(_WAKE, {"channel": CHANNEL})


async def read_partition(
    connection: AsyncConnection,
    *,
    partition: int,
    after: int,
    upto: int,
    types: Sequence[str],
    limit: int,
) -> list[LoggedEvent]:
    asked = {
        "partition": partition,
        "after": after,
        "upto": upto,
        "types": list(types),
        "limit": limit,
    }
    return [logged_event(row) for row in (await connection.execute(_READ, asked)).mappings()]


async def tail(
    connection: AsyncConnection, *, after: int | None, type_: str | None = None, limit: int = 100
) -> list[LoggedEvent]:
    """Events behind `after`, oldest first; without it the newest ones, oldest first too."""
    asked: dict[str, Any] = {"type": type_, "limit": limit}
    if after is None:
        found = await connection.execute(_LAST, asked)
    else:
        found = await connection.execute(_TAIL, asked | {"after": after})
    return [logged_event(row) for row in found.mappings()]


async def consumer_lag(connection: AsyncConnection) -> list[ConsumerLag]:
    """How far every consumer is behind, by name."""
    return [
        ConsumerLag(row.consumer, row.waiting, row.retrying, row.parked, row.oldest)
        for row in await connection.execute(_LAG)
    ]


async def unlogged(connection: AsyncConnection) -> int:
    """Events in the outbox that the relay has still to log."""
    return int((await connection.execute(_UNLOGGED)).scalar_one())


def logged_event(row: RowMapping) -> LoggedEvent:
    envelope = Envelope.model_validate({name: row[name] for name in Envelope.model_fields})
    return LoggedEvent(row["offset"], row["partition"], row["logged_at"], envelope)

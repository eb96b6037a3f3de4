"""The event log: ordered, partitioned by key, read by consumers at their own pace."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.kernel.events import Envelope

COLUMNS = (
    'l."offset", l.partition, l.event_id, l.type, l.version, l.key, l.occurred_at,'
    " l.correlation_id, l.causation_id, l.actor, l.payload"
)
_TAIL = text(
    f"""
    SELECT {COLUMNS} FROM backbone.event_log l
    WHERE l."offset" > :after AND (CAST(:type AS text) IS NULL OR l.type = :type)
    ORDER BY l."offset" LIMIT :limit
    """
)
_NEWEST = text(
    f"""
    SELECT * FROM (
        SELECT {COLUMNS} FROM backbone.event_log l
        WHERE CAST(:type AS text) IS NULL OR l.type = :type
        ORDER BY l."offset" DESC LIMIT :limit
    ) newest ORDER BY "offset"
    """
)
_LAST = text("""SELECT coalesce(max("offset"), 0) FROM backbone.event_log""")
_LAG = text(
    """
    SELECT p.consumer,
           sum((SELECT count(*) FROM backbone.event_log l
                WHERE l.partition = p.partition AND l."offset" > p."offset")) AS lag,
           (SELECT count(*) FROM backbone.parked_events e WHERE e.consumer = p.consumer) AS parked,
           (SELECT count(*) FROM backbone.parked_events e
            WHERE e.consumer = p.consumer AND e.state = 'dead') AS dead
    FROM backbone.consumer_positions p GROUP BY p.consumer ORDER BY p.consumer
    """
)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its place in the log."""

    offset: int
    partition: int
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """`lag` events are not yet looked at; `parked` wait for a retry or, `dead`, for an operator."""

    consumer: str
    lag: int
    parked: int
    dead: int


def logged(row: Row[Any]) -> LoggedEvent:
    """From a row that carries the log's columns."""
    envelope = Envelope(
        event_id=row.event_id,
        type=row.type,
        version=row.version,
        key=row.key,
        occurred_at=row.occurred_at,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        actor=row.actor,
        payload=row.payload,
    )
    return LoggedEvent(row.offset, row.partition, envelope)


async def read_tail(
    connection: AsyncConnection, *, after: int, limit: int, event_type: str | None = None
) -> list[LoggedEvent]:
    """Events of all partitions behind `after`, in log order."""
    asked = {"after": after, "limit": limit, "type": event_type}
    return [logged(row) for row in await connection.execute(_TAIL, asked)]


async def read_newest(
    connection: AsyncConnection, *, limit: int, event_type: str | None = None
) -> list[LoggedEvent]:
    """The last events of all partitions, in log order."""
    rows = await connection.execute(_NEWEST, {"limit": limit, "type": event_type})
    return [logged(row) for row in rows]


async def last_offset(connection: AsyncConnection) -> int:
    return int((await connection.execute(_LAST)).scalar_one())


async def consumer_lag(connection: AsyncConnection) -> list[ConsumerLag]:
    """Every consumer, A to Z."""
    rows = await connection.execute(_LAG)
    return [ConsumerLag(row.consumer, int(row.lag), row.parked, row.dead) for row in rows]

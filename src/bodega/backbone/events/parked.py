"""Parked events: those a handler failed on, and those of the same key that wait behind them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.events.log import LoggedEvent, logged

PARKED_ROW = """
    SELECT e.consumer, e.state, e.attempts, e.error, e.next_attempt_at, e.parked_at,
           l."offset", l.partition, l.event_id, l.type, l.version, l.key, l.occurred_at,
           l.correlation_id, l.causation_id, l.actor, l.payload
    FROM backbone.parked_events e JOIN backbone.event_log l USING ("offset")
"""
_BLOCKED = text(
    """SELECT DISTINCT key FROM backbone.parked_events
       WHERE consumer = :consumer AND partition = ANY(:partitions)"""
)
_PARK = text(
    """
    INSERT INTO backbone.parked_events
        (consumer, "offset", partition, key, attempts, state, error, next_attempt_at)
    VALUES (:consumer, :offset, :partition, :key, :attempts, :state, :error,
            now() + make_interval(secs => :delay))
    ON CONFLICT DO NOTHING
    """
)
_HEADS = text(
    f"""
    SELECT * FROM (
        SELECT DISTINCT ON (h.key) h.* FROM ({PARKED_ROW}) h
        WHERE h.consumer = :consumer AND h.partition = ANY(:partitions) ORDER BY h.key, h."offset"
    ) heads
    WHERE state = 'waiting' OR (state = 'retrying' AND next_attempt_at <= now())
    ORDER BY "offset"
    """
)
_NEXT = text(
    f"{PARKED_ROW} WHERE e.consumer = :consumer AND l.key = :key AND l.partition = :partition"
    ' ORDER BY l."offset" LIMIT 1'
)
_FAIL = text(
    """
    UPDATE backbone.parked_events
    SET attempts = attempts + 1, error = :error,
        state = CASE WHEN CAST(:delay AS float) IS NULL THEN 'dead' ELSE 'retrying' END,
        next_attempt_at = now() + make_interval(secs => CAST(:delay AS float))
    WHERE consumer = :consumer AND "offset" = :offset
    """
)
_RELEASE = text(
    'DELETE FROM backbone.parked_events WHERE consumer = :consumer AND "offset" = :offset'
)
_LIST = text(
    f"""{PARKED_ROW} WHERE (CAST(:consumer AS text) IS NULL OR e.consumer = :consumer)
        ORDER BY e.consumer, l.key, l."offset" LIMIT :limit"""
)


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """`state` is retrying, waiting (behind an earlier one of its key) or dead."""

    consumer: str
    event: LoggedEvent
    state: str
    attempts: int
    error: str | None
    next_attempt_at: datetime | None
    parked_at: datetime


def parked(row: Row[Any]) -> ParkedEvent:
    return ParkedEvent(
        consumer=row.consumer,
        event=logged(row),
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        next_attempt_at=row.next_attempt_at,
        parked_at=row.parked_at,
    )


async def blocked_keys(
    connection: AsyncConnection, consumer: str, partitions: Collection[int]
) -> set[UUID]:
    asked = {"consumer": consumer, "partitions": list(partitions)}
    rows = await connection.execute(_BLOCKED, asked)
    return {row.key for row in rows}


async def park(
    connection: AsyncConnection, consumer: str, event: LoggedEvent, *, error: str, delay: float
) -> None:
    """The handler failed for the first time."""
    row = _new_row(consumer, event)
    await connection.execute(
        _PARK, {**row, "attempts": 1, "state": "retrying", "error": error, "delay": delay}
    )


async def wait_behind(connection: AsyncConnection, consumer: str, event: LoggedEvent) -> None:
    """An earlier event of the key is parked: this one is not tried yet."""
    row = _new_row(consumer, event)
    await connection.execute(
        _PARK, {**row, "attempts": 0, "state": "waiting", "error": None, "delay": 0}
    )


def _new_row(consumer: str, event: LoggedEvent) -> dict[str, object]:
    return {
        "consumer": consumer,
        "offset": event.offset,
        "partition": event.partition,
        "key": event.envelope.key,
    }


async def due_heads(
    connection: AsyncConnection, consumer: str, partitions: Collection[int]
) -> list[ParkedEvent]:
    """The first parked event of each key, where it may be tried now."""
    asked = {"consumer": consumer, "partitions": list(partitions)}
    rows = await connection.execute(_HEADS, asked)
    return [parked(row) for row in rows]


async def next_of_key(
    connection: AsyncConnection, consumer: str, event: LoggedEvent
) -> ParkedEvent | None:
    asked = {"consumer": consumer, "key": event.envelope.key, "partition": event.partition}
    row = (await connection.execute(_NEXT, asked)).first()
    return parked(row) if row is not None else None


async def fail_again(
    connection: AsyncConnection, consumer: str, offset: int, *, error: str, delay: float | None
) -> None:
    """`delay` None: it has been tried often enough and is dead."""
    failed = {"consumer": consumer, "offset": offset, "error": error, "delay": delay}
    await connection.execute(_FAIL, failed)


async def release(connection: AsyncConnection, consumer: str, offset: int) -> None:
    await connection.execute(_RELEASE, {"consumer": consumer, "offset": offset})


async def list_parked(
    connection: AsyncConnection, *, consumer: str | None = None, limit: int = 100
) -> list[ParkedEvent]:
    rows = await connection.execute(_LIST, {"consumer": consumer, "limit": limit})
    return [parked(row) for row in rows]

"""How far each consumer has read each partition."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CREATE = text(
    """
    INSERT INTO backbone.consumer_positions (consumer, partition)
    SELECT c, p FROM unnest(CAST(:consumers AS text[])) c, generate_series(0, :last) p
    ON CONFLICT DO NOTHING
    """
)
_DUE = text(
    """
    SELECT p.consumer, p.partition FROM backbone.consumer_positions p
    JOIN (SELECT partition, max("offset") AS last FROM backbone.event_log GROUP BY 1) l
      USING (partition)
    WHERE p.consumer = ANY(:consumers) AND l.last > p."offset"
    UNION
    SELECT h.consumer, h.partition FROM (
        SELECT DISTINCT ON (consumer, key) consumer, partition, state, next_attempt_at
        FROM backbone.parked_events WHERE consumer = ANY(:consumers)
        ORDER BY consumer, key, "offset"
    ) h
    WHERE h.state = 'waiting' OR (h.state = 'retrying' AND h.next_attempt_at <= now())
    """
)
_LOCK = text(
    """
    SELECT "offset" FROM backbone.consumer_positions
    WHERE consumer = :consumer AND partition = :partition FOR UPDATE SKIP LOCKED
    """
)
_MOVE = text(
    """
    UPDATE backbone.consumer_positions SET "offset" = :offset, updated_at = now()
    WHERE consumer = :consumer AND partition = :partition
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    consumer: str
    partition: int


async def create_positions(
    connection: AsyncConnection, consumers: Sequence[str], partitions: int
) -> None:
    await connection.execute(_CREATE, {"consumers": list(consumers), "last": partitions - 1})


async def due(connection: AsyncConnection, consumers: Sequence[str]) -> list[Due]:
    """Where there are new events, or parked ones whose time has come."""
    rows = await connection.execute(_DUE, {"consumers": list(consumers)})
    return [Due(row.consumer, row.partition) for row in rows]


async def lock_position(connection: AsyncConnection, consumer: str, partition: int) -> int | None:
    """The position, held until the transaction ends; None while another process holds it."""
    asked = {"consumer": consumer, "partition": partition}
    offset = (await connection.execute(_LOCK, asked)).scalar_one_or_none()
    return None if offset is None else int(offset)


async def move_position(
    connection: AsyncConnection, consumer: str, partition: int, offset: int
) -> None:
    moved = {"consumer": consumer, "partition": partition, "offset": offset}
    await connection.execute(_MOVE, moved)

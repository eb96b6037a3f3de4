"""How far each consumer has read each partition."""

from collections.abc import Collection, Mapping, Sequence
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
_WANTED = """
    wanted AS (
        SELECT * FROM unnest(CAST(:consumers AS text[]), CAST(:types AS text[])) w(consumer, type)
    )"""
_DUE = text(
    f"""
    WITH {_WANTED}
    SELECT p.consumer, p.partition FROM backbone.consumer_positions p
    WHERE EXISTS (
        SELECT 1 FROM backbone.event_log l JOIN wanted w ON w.type = l.type
        WHERE w.consumer = p.consumer AND l.partition = p.partition AND l."offset" > p."offset"
    )
    UNION
    SELECT h.consumer, h.partition FROM (
        SELECT DISTINCT ON (consumer, key) consumer, partition, state, next_attempt_at
        FROM backbone.parked_events WHERE consumer = ANY(:consumers)
        ORDER BY consumer, key, "offset"
    ) h
    WHERE h.state = 'waiting' OR (h.state = 'retrying' AND h.next_attempt_at <= now())
    """
)
# The log is written in order: what is not there up to `last` now never will be.
_SKIP = text(
    f"""
    WITH {_WANTED},
    ends AS (
        SELECT s.partition, l.last FROM generate_series(0, :last_partition) s(partition)
        CROSS JOIN LATERAL (
            SELECT max("offset") AS last FROM backbone.event_log WHERE partition = s.partition
        ) l
    ),
    passed AS (
        SELECT p.consumer, p.partition, ends.last FROM backbone.consumer_positions p
        JOIN ends USING (partition)
        WHERE p.consumer = ANY(:consumers) AND p."offset" < ends.last AND NOT EXISTS (
            SELECT 1 FROM backbone.event_log l JOIN wanted w ON w.type = l.type
            WHERE w.consumer = p.consumer AND l.partition = p.partition
              AND l."offset" > p."offset" AND l."offset" <= ends.last
        )
        FOR UPDATE OF p SKIP LOCKED
    )
    UPDATE backbone.consumer_positions p SET "offset" = passed.last, updated_at = now()
    FROM passed WHERE p.consumer = passed.consumer AND p.partition = passed.partition
    """
)
_COUNT = text("SELECT max(partition) + 1 FROM backbone.consumer_positions")
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


Wanted = Mapping[str, Collection[str]]
"""The types of events each consumer reacts to."""


@dataclass(frozen=True, slots=True)
class Due:
    consumer: str
    partition: int


async def create_positions(
    connection: AsyncConnection, consumers: Sequence[str], partitions: int
) -> int:
    """New consumers begin at the beginning of the log; the number of partitions in force, which is
    that of the first start."""
    in_force = int((await connection.execute(_COUNT)).scalar() or partitions)
    await connection.execute(_CREATE, {"consumers": list(consumers), "last": in_force - 1})
    return in_force


async def due(connection: AsyncConnection, wanted: Wanted) -> list[Due]:
    """Where there are events to handle, new ones or parked ones whose time has come."""
    rows = await connection.execute(_DUE, _pairs(wanted))
    return [Due(row.consumer, row.partition) for row in rows]


async def skip_unwanted(connection: AsyncConnection, wanted: Wanted, partitions: int) -> None:
    """Move positions past events that their consumers do not react to."""
    await connection.execute(_SKIP, _pairs(wanted) | {"last_partition": partitions - 1})


def _pairs(wanted: Wanted) -> dict[str, object]:
    pairs = [(consumer, type_) for consumer, types in wanted.items() for type_ in types]
    return {"consumers": [pair[0] for pair in pairs], "types": [pair[1] for pair in pairs]}


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

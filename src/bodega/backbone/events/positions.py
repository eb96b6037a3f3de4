"""How far each consumer has read each partition."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.backbone.events import parked
from bodega.backbone.events.log import COLUMNS, LoggedEvent, logged

_END = 1_000
_CREATE = text(
    """
    INSERT INTO backbone.consumer_positions (consumer, partition)
    SELECT c, p FROM unnest(CAST(:consumers AS text[])) c, generate_series(0, :last) p
    ON CONFLICT DO NOTHING
    """
)
# Looked at is only the end of the log, however long it is: who stands before that has something to
# do, be it to move on.
_BEHIND = f"""
    wanted AS (
        SELECT * FROM unnest(CAST(:consumers AS text[]), CAST(:types AS text[])) w(consumer, type)
    ),
    ends AS MATERIALIZED (
        SELECT s.partition, (
            SELECT max(l."offset") FROM backbone.event_log l WHERE l.partition = s.partition
        ) AS last
        FROM generate_series(0, (SELECT max(partition) FROM backbone.consumer_positions))
            s(partition)
    ),
    behind AS MATERIALIZED (
        SELECT p.consumer, p.partition, p."offset", ends.last FROM backbone.consumer_positions p
        JOIN ends ON ends.partition = p.partition AND ends.last > p."offset"
        WHERE p.consumer = ANY(:consumers)
    ),
    place AS MATERIALIZED (
        SELECT max(last) AS last, greatest(min("offset"), max(last) - {_END}) AS first FROM behind
    ),
    fresh AS MATERIALIZED (
        SELECT l.partition, l.type, max(l."offset") AS last
        FROM place
        JOIN backbone.event_log l ON l."offset" > place.first AND l."offset" <= place.last
        GROUP BY l.partition, l.type
    ),
    due AS MATERIALIZED (
        SELECT b.consumer, b.partition FROM behind b
        JOIN fresh f ON f.partition = b.partition AND f.last > b."offset"
        JOIN wanted w ON w.consumer = b.consumer AND w.type = f.type
        UNION
        SELECT b.consumer, b.partition FROM behind b JOIN place ON b."offset" < place.first
    )"""
_DUE = text(
    f"""
    WITH {_BEHIND}
    SELECT consumer, partition FROM due
    UNION
    SELECT h.consumer, h.partition FROM (
        SELECT DISTINCT ON (consumer, key) consumer, partition, state, next_attempt_at
        FROM backbone.parked_events WHERE consumer = ANY(:consumers)
        ORDER BY consumer, key, "offset"
    ) h
    WHERE h.state = 'waiting' OR (h.state = 'retrying' AND h.next_attempt_at <= now())
    """
)
# The log is written in order: what is not there up to `last` now never will be. Who moved meanwhile
# is left alone.
_SKIP = text(
    f"""
    WITH {_BEHIND},
    passed AS (
        SELECT p.consumer, p.partition, b.last FROM behind b
        JOIN backbone.consumer_positions p
          ON p.consumer = b.consumer AND p.partition = b.partition AND p."offset" = b."offset"
        WHERE NOT EXISTS (
            SELECT 1 FROM due WHERE due.consumer = b.consumer AND due.partition = b.partition
        )
        FOR UPDATE OF p SKIP LOCKED
    )
    UPDATE backbone.consumer_positions p SET "offset" = passed.last, updated_at = now()
    FROM passed WHERE p.consumer = passed.consumer AND p.partition = passed.partition
    """
)
_COUNT = text("SELECT max(partition) + 1 FROM backbone.consumer_positions")
_HOLD = text(
    f"""
    WITH held AS (
        SELECT partition, "offset" FROM backbone.consumer_positions
        WHERE consumer = :consumer AND partition = ANY(:partitions) FOR UPDATE SKIP LOCKED
    ),
    ends AS (
        SELECT h.partition, h."offset" AS position, greatest(h."offset", (
            SELECT max(l."offset") FROM backbone.event_log l WHERE l.partition = h.partition
        )) AS last FROM held h
    )
    SELECT e.partition AS held, e.last, l.* FROM ends e LEFT JOIN LATERAL (
        SELECT {COLUMNS} FROM backbone.event_log l
        WHERE l.partition = e.partition AND l."offset" > e.position AND l."offset" <= e.last
          AND l.type = ANY(:types)
        ORDER BY l."offset" LIMIT :limit
    ) l ON true ORDER BY l."offset"
    """
)
_HOLD_ALL = text(_HOLD.text.replace("AND l.type = ANY(:types)", ""))
_MOVE = text(
    """
    UPDATE backbone.consumer_positions p SET "offset" = r.reached, updated_at = now()
    FROM unnest(CAST(:partitions AS smallint[]), CAST(:reached AS bigint[])) r(partition, reached)
    WHERE p.consumer = :consumer AND p.partition = r.partition AND p."offset" < r.reached
    """
)
_ANYTHING = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM backbone.consumer_positions p WHERE p.consumer = :consumer AND p."offset" < (
            SELECT max(l."offset") FROM backbone.event_log l WHERE l.partition = p.partition
        )
    ) OR EXISTS (
        SELECT 1 FROM (
            SELECT DISTINCT ON (key) state, next_attempt_at FROM backbone.parked_events
            WHERE consumer = :consumer ORDER BY key, "offset"
        ) h
        WHERE h.state = 'waiting' OR (h.state = 'retrying' AND h.next_attempt_at <= now())
    )
    """
)

Wanted = Mapping[str, Collection[str]]
"""The types of events each consumer reacts to."""


@dataclass(frozen=True, slots=True)
class Held:
    """Partitions whose position is ours until the transaction ends, their next events in log
    order, the offset up to which each partition is read with them, and the keys that have events
    parked."""

    partitions: list[int]
    events: list[LoggedEvent]
    reached: dict[int, int]
    blocked: set[UUID]


async def create_positions(
    connection: AsyncConnection, consumers: Sequence[str], partitions: int
) -> int:
    """New consumers begin at the beginning of the log; the number of partitions in force, which is
    that of the first start."""
    in_force = int((await connection.execute(_COUNT)).scalar() or partitions)
    await connection.execute(_CREATE, {"consumers": list(consumers), "last": in_force - 1})
    return in_force


async def due(connection: AsyncConnection, wanted: Wanted) -> dict[str, list[int]]:
    """The partitions where a consumer has events to handle, new ones or parked ones whose time has
    come."""
    found: dict[str, list[int]] = {}
    for row in await connection.execute(_DUE, _pairs(wanted)):
        found.setdefault(row.consumer, []).append(row.partition)
    return found


async def behind(connection: AsyncConnection, consumer: str) -> bool:
    """Whether one that takes events of every type has something to do."""
    return bool((await connection.execute(_ANYTHING, {"consumer": consumer})).scalar_one())


async def skip_unwanted(connection: AsyncConnection, wanted: Wanted) -> None:
    """Move positions past events that their consumers do not react to."""
    await connection.execute(_SKIP, _pairs(wanted))


def _pairs(wanted: Wanted) -> dict[str, object]:
    pairs = [(consumer, type_) for consumer, types in wanted.items() for type_ in types]
    return {"consumers": [pair[0] for pair in pairs], "types": [pair[1] for pair in pairs]}


async def hold(
    connection: Connection,
    consumer: str,
    partitions: Collection[int],
    *,
    types: Sequence[str] | None,
    limit: int,
) -> Held:
    """Those of the partitions that no other process holds, each with at most `limit` events of the
    types, or of any."""
    asked: dict[str, object] = {
        "consumer": consumer,
        "partitions": list(partitions),
        "limit": limit,
    }
    if types is not None:
        asked["types"] = list(types)
    held = Held([], [], {}, set())
    taken: Counter[int] = Counter()
    rows = connection.ahead(_HOLD_ALL if types is None else _HOLD, asked)
    held.blocked.update(await parked.blocked_keys(connection, consumer, partitions))
    for row in rows.answer:
        held.reached.setdefault(row.held, row.last)
        if row.offset is None:
            continue
        held.events.append(logged(row))
        taken[row.held] += 1
        if taken[row.held] == limit:
            held.reached[row.held] = row.offset
    held.partitions.extend(held.reached)
    return held


def move_positions(connection: Connection, consumer: str, reached: Mapping[int, int]) -> None:
    moved = {"partitions": list(reached), "reached": list(reached.values()), "consumer": consumer}
    connection.later(_MOVE, moved)

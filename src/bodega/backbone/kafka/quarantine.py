"""Messages that are no events of ours, kept as they came and with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.kernel.ids import new_id

_PUT = text(
    """
    INSERT INTO backbone.kafka_quarantine (id, topic, partition, "offset", key, value, reason)
    VALUES (:id, :topic, :partition, :offset, :key, :value, :reason)
    ON CONFLICT (topic, partition, "offset") DO UPDATE SET reason = excluded.reason
    """
)
_LIST = text(
    """
    SELECT id, topic, partition, "offset", key, value, reason, quarantined_at
    FROM backbone.kafka_quarantine
    WHERE (CAST(:id AS uuid) IS NULL OR id = :id)
    ORDER BY topic, partition, "offset" LIMIT :limit
    """
)
_COUNTS = text("SELECT topic, count(*) AS n FROM backbone.kafka_quarantine GROUP BY topic")
_DROP = text("DELETE FROM backbone.kafka_quarantine WHERE id = :id RETURNING 1")
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message where it was found, and why it was set aside."""

    id: UUID
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    quarantined_at: datetime


async def put(connection: AsyncConnection, record: Any, reason: str) -> None:
    row = {
        "id": new_id(),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "value": record.value,
        "reason": reason.replace("\0", "")[:_LONGEST_REASON],
    }
    await connection.execute(_PUT, row)


async def quarantined(
    connection: AsyncConnection, *, id: UUID | None = None, limit: int = 1000
) -> Sequence[Quarantined]:
    """In the order of their topics."""
    rows = await connection.execute(_LIST, {"id": id, "limit": limit})
    return [Quarantined(**row._mapping) for row in rows]


async def drop(connection: AsyncConnection, id: UUID) -> bool:
    """Forget it for good; False when there is none."""
    return (await connection.execute(_DROP, {"id": id})).first() is not None


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many are set aside, by topic."""
    return {row.topic: row.n for row in await connection.execute(_COUNTS)}

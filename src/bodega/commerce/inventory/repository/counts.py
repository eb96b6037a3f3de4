"""Cycle counts and what was found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.tables import count_lines, counts
from bodega.contracts.stockroom import CountLine, CountView
from bodega.kernel.ids import CountId


async def insert_count(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(insert(counts).values(**values))


async def find_counts(
    connection: AsyncConnection, *, limit: int, after: UUID | None
) -> list[CountView]:
    """Newest first."""
    query = select(counts).order_by(counts.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(counts.c.id < after)
    return await _with_lines(connection, (await connection.execute(query)).all())


async def find_count(
    connection: AsyncConnection, count_id: CountId, *, lock: bool = False
) -> CountView | None:
    query = select(counts).where(counts.c.id == count_id)
    rows = (await connection.execute(query.with_for_update() if lock else query)).all()
    found = await _with_lines(connection, rows)
    return found[0] if found else None


async def _with_lines(connection: AsyncConnection, rows: Sequence[Any]) -> list[CountView]:
    table = count_lines.c
    query = select(count_lines).where(table.count_id.in_([row.id for row in rows]))
    lines: dict[UUID, list[CountLine]] = {row.id: [] for row in rows}
    for line in await connection.execute(query.order_by(table.variant_id)):
        lines[line.count_id].append(
            CountLine(
                variant_id=line.variant_id,
                expected=line.expected,
                counted=line.counted,
                difference=line.counted - line.expected,
                counted_at=line.counted_at,
                actor=line.actor,
            )
        )
    return [CountView.model_validate({**row._mapping, "lines": lines[row.id]}) for row in rows]


async def put_line(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """A recount takes the place of the first one."""
    statement = upsert(count_lines).values(**values)
    changed = {key: values[key] for key in ("expected", "counted", "counted_at", "actor")}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["count_id", "variant_id"], set_=changed)
    )


async def end_count(
    connection: AsyncConnection, count_id: CountId, *, status: str, at: datetime
) -> None:
    where = counts.c.id == count_id
    await connection.execute(update(counts).where(where).values(status=status, ended_at=at))

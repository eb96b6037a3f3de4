"""Every query of conflicts with the provider."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.payments.domain.webhooks import Disagreement
from bodega.commerce.payments.tables import conflicts
from bodega.contracts.books import ConflictView
from bodega.kernel.ids import PaymentId, new_id

_OPEN = text("SELECT count(*) FROM payments.conflicts WHERE resolved_at IS NULL")


async def record(
    connection: AsyncConnection,
    found: Disagreement,
    *,
    provider: str,
    source: str,
    payment_id: PaymentId | None,
    reference: str | None,
    now: datetime,
) -> UUID | None:
    """None when the same source told the same before."""
    statement = (
        upsert(conflicts)
        .values(
            id=new_id(),
            kind=found.kind,
            provider=provider,
            payment_id=payment_id,
            reference=reference,
            expected=found.expected,
            seen=found.seen,
            source=source,
            found_at=now,
        )
        .on_conflict_do_nothing(index_elements=["source"])
        .returning(conflicts.c.id)
    )
    row = (await connection.execute(statement)).first()
    return row.id if row else None


async def newest(
    connection: AsyncConnection, *, resolved: bool | None, after: UUID | None, limit: int
) -> Sequence[ConflictView]:
    query = select(conflicts).order_by(conflicts.c.id.desc()).limit(limit)
    if resolved is not None:
        done = conflicts.c.resolved_at.is_not(None)
        query = query.where(done if resolved else ~done)
    if after is not None:
        query = query.where(conflicts.c.id < after)
    rows = await connection.execute(query)
    return [ConflictView.model_validate(dict(row._mapping)) for row in rows]


async def find(connection: AsyncConnection, conflict_id: UUID) -> ConflictView | None:
    query = select(conflicts).where(conflicts.c.id == conflict_id).with_for_update()
    row = (await connection.execute(query)).first()
    return ConflictView.model_validate(dict(row._mapping)) if row else None


async def resolve(
    connection: AsyncConnection, conflict_id: UUID, *, by: str, note: str, now: datetime
) -> None:
    values = {"resolved_at": now, "resolved_by": by, "note": note}
    await connection.execute(
        update(conflicts).where(conflicts.c.id == conflict_id).values(**values)
    )


async def count_open(connection: AsyncConnection) -> int:
    return int((await connection.execute(_OPEN)).scalar_one())

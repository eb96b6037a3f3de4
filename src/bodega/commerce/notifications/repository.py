"""Every query of notifications."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.notifications.tables import messages
from bodega.contracts.notifications import NotificationView
from bodega.kernel.ids import OrderId


class Due(NamedTuple):
    """A message whose time has come."""

    id: UUID
    order_id: OrderId
    attempts: int


async def queue(
    connection: AsyncConnection, *, fresh_id: UUID, order_id: OrderId, template: str
) -> None:
    """One message an order and template, however often it is asked for."""
    row = {"id": fresh_id, "order_id": order_id, "template": template, "status": "queued"}
    await connection.execute(insert(messages).values(**row).on_conflict_do_nothing())


async def lock_due(connection: AsyncConnection, now: datetime) -> Due | None:
    """The message that waits longest and that no other worker holds."""
    query = (
        select(messages)
        .where(messages.c.status == "queued", messages.c.due_at <= now)
        .order_by(messages.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(query)).first()
    return Due(row.id, row.order_id, row.attempts) if row else None


async def mark_sent(connection: AsyncConnection, due: Due, now: datetime) -> None:
    values = {"status": "sent", "sent_at": now, "attempts": due.attempts + 1, "failure": None}
    await connection.execute(update(messages).where(messages.c.id == due.id).values(**values))


async def mark_failed(connection: AsyncConnection, due: Due, failure: str) -> None:
    """For good."""
    values = {"status": "failed", "attempts": due.attempts + 1, "failure": failure}
    await connection.execute(update(messages).where(messages.c.id == due.id).values(**values))


async def postpone(
    connection: AsyncConnection, due: Due, *, until: datetime, failure: str | None
) -> None:
    """`failure` says what went wrong with this attempt; None when none was made."""
    attempts = due.attempts + (failure is not None)
    values = {"due_at": until, "attempts": attempts, "failure": failure}
    await connection.execute(update(messages).where(messages.c.id == due.id).values(**values))


async def of_order(connection: AsyncConnection, order_id: OrderId) -> list[NotificationView]:
    query = select(messages).where(messages.c.order_id == order_id).order_by(messages.c.id)
    return [
        NotificationView(
            order_id=row.order_id,
            template=row.template,
            status=row.status,
            created_at=row.created_at,
            sent_at=row.sent_at,
        )
        for row in await connection.execute(query)
    ]

"""Every query of notifications."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.notifications.tables import alerts, messages
from bodega.contracts.notifications import NotificationView
from bodega.kernel.ids import OrderId

_QUEUE = text(
    """INSERT INTO notifications.messages (id, order_id, template, reference, status, due_at)
       VALUES (:id, :order_id, :template, :reference, 'queued',
               coalesce(CAST(:due_at AS timestamptz), now())) ON CONFLICT DO NOTHING"""
)

_DUE = text(
    """SELECT id, order_id, template, reference, attempts FROM notifications.messages
       WHERE status = 'queued' AND due_at <= :now ORDER BY due_at LIMIT :limit
       FOR UPDATE SKIP LOCKED"""
)
_NOTE = text(
    """UPDATE notifications.messages SET status = :status, attempts = :attempts,
           failure = :failure, sent_at = :sent_at, due_at = coalesce(:due_at, due_at)
       WHERE id = :id"""
)


class Due(NamedTuple):
    """A message whose time has come; `reference` is what it is about."""

    id: UUID
    order_id: OrderId
    template: str
    reference: UUID
    attempts: int


def queue(
    connection: Connection,
    *,
    fresh_id: UUID,
    order_id: OrderId,
    template: str,
    reference: UUID | None = None,
    due_at: datetime | None = None,
) -> None:
    """One message an order, template and reference (the order itself unless something else is
    named), however often it is asked for; due at once unless told otherwise."""
    row = {
        "id": fresh_id,
        "order_id": order_id,
        "template": template,
        "reference": reference or order_id,
        "due_at": due_at,
    }
    connection.later(_QUEUE, row)


async def lock_due(connection: AsyncConnection, now: datetime, *, limit: int) -> list[Due]:
    """The messages that wait longest and that no other worker holds."""
    rows = await connection.execute(_DUE, {"now": now, "limit": limit})
    return [Due(row.id, row.order_id, row.template, row.reference, row.attempts) for row in rows]


def mark_sent(connection: Connection, due: Due, now: datetime) -> None:
    _note(connection, due, status="sent", sent_at=now, attempts=due.attempts + 1)


def mark_failed(connection: Connection, due: Due, failure: str) -> None:
    """For good."""
    _note(connection, due, status="failed", attempts=due.attempts + 1, failure=failure)


def drop(connection: Connection, due: Due) -> None:
    """There is nothing to say any more."""
    _note(connection, due, status="dropped", attempts=due.attempts)


def postpone(connection: Connection, due: Due, *, until: datetime, failure: str | None) -> None:
    """`failure` says what went wrong with this attempt; None when none was made."""
    attempts = due.attempts + (failure is not None)
    _note(connection, due, status="queued", attempts=attempts, failure=failure, due_at=until)


def _note(connection: Connection, due: Due, **changes: object) -> None:
    unsaid = {"sent_at": None, "failure": None, "due_at": None}
    connection.later(_NOTE, {**unsaid, **changes, "id": due.id})


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


class DueAlert(NamedTuple):
    """An alert whose time has come."""

    id: UUID
    line: str
    attempts: int


async def queue_alert(
    connection: AsyncConnection, *, fresh_id: UUID, key: str, kind: str, line: str
) -> None:
    """One alert a key, however often it is asked for."""
    row = {"id": fresh_id, "key": key, "kind": kind, "line": line, "status": "queued"}
    await connection.execute(insert(alerts).values(**row).on_conflict_do_nothing())


async def lock_due_alerts(
    connection: AsyncConnection, now: datetime, *, limit: int
) -> tuple[str, list[DueAlert]] | None:
    """The kind of the alert that waits longest, and all due ones of it that nobody holds."""
    due = (alerts.c.status == "queued") & (alerts.c.due_at <= now)
    first = select(alerts.c.kind).where(due).order_by(alerts.c.due_at, alerts.c.id).limit(1)
    kind: str | None = (await connection.execute(first)).scalar()
    if kind is None:
        return None
    query = select(alerts).where(due, alerts.c.kind == kind).order_by(alerts.c.id).limit(limit)
    rows = (await connection.execute(query.with_for_update(skip_locked=True))).all()
    return (kind, [DueAlert(row.id, row.line, row.attempts) for row in rows]) if rows else None


async def end_alerts(
    connection: AsyncConnection, found: Sequence[DueAlert], *, sent_at: datetime
) -> None:
    values = {"status": "sent", "sent_at": sent_at, "failure": None}
    await connection.execute(
        update(alerts)
        .where(alerts.c.id.in_([alert.id for alert in found]))
        .values(**values, attempts=alerts.c.attempts + 1)
    )


async def postpone_alert(
    connection: AsyncConnection, alert: DueAlert, *, until: datetime | None, failure: str
) -> None:
    """Without an instant to try it again it has failed for good."""
    values: dict[str, object] = {"attempts": alert.attempts + 1, "failure": failure}
    values["status" if until is None else "due_at"] = "failed" if until is None else until
    await connection.execute(update(alerts).where(alerts.c.id == alert.id).values(**values))

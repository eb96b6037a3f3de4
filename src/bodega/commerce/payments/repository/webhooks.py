"""Every query of stored webhooks: in once by the provider's id, out in order per object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.payments.domain.webhooks import Notice
from bodega.kernel.ids import new_id

WebhookStatus = Literal["received", "done", "superseded", "ignored", "conflict", "failed"]

_STORE = text(
    """INSERT INTO payments.webhooks (id, provider, provider_id, type, object_group, subject,
           stated_at, rank, body, status, error, due_at, received_at, handled_at)
       VALUES (:id, :provider, :provider_id, :type, :group, :subject, :stated_at, :rank, :body,
           CAST(:status AS varchar), :error, :now, :now,
           CASE WHEN CAST(:status AS varchar) = 'ignored' THEN CAST(:now AS timestamptz) END)
       ON CONFLICT (provider, provider_id) DO NOTHING RETURNING 1"""
)
_NEXT_GROUP = text(
    """SELECT provider, object_group FROM payments.webhooks
       WHERE status = 'received' AND due_at <= :now ORDER BY due_at, id LIMIT 1"""
)
_LOCK_GROUP = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7264))")
_PENDING = text(
    """SELECT id, body, attempts FROM payments.webhooks
       WHERE provider = :provider AND object_group = :group AND status = 'received'
       ORDER BY stated_at, rank, id"""
)
_NEWEST = text(
    """SELECT DISTINCT ON (subject) subject, stated_at, rank FROM payments.webhooks
       WHERE provider = :provider AND object_group = :group
         AND status IN ('done', 'conflict', 'superseded')
       ORDER BY subject, stated_at DESC, rank DESC"""
)
_MARK = text(
    """UPDATE payments.webhooks SET status = :status, handled_at = :now, error = NULL
       WHERE id = :id"""
)
_POSTPONE = text(
    """UPDATE payments.webhooks
       SET due_at = greatest(due_at, :until),
           attempts = attempts + CASE WHEN id = :id THEN 1 ELSE 0 END,
           error = CASE WHEN id = :id THEN CAST(:error AS text) ELSE error END,
           status = CASE WHEN id = :id AND :give_up THEN 'failed' ELSE status END
       WHERE provider = :provider AND object_group = :group AND status = 'received'"""
)
_REPLAY = text(
    """UPDATE payments.webhooks SET status = 'received', due_at = :now, attempts = 0
       WHERE status = 'failed' RETURNING 1"""
)
_FORGET = text(
    """UPDATE payments.webhooks SET body = NULL
       WHERE body IS NOT NULL AND handled_at < :before AND status NOT IN ('received', 'failed')"""
)


@dataclass(frozen=True, slots=True)
class Pending:
    id: UUID
    body: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Group:
    """The webhooks about one object of a provider."""

    provider: str
    name: str

    def asked(self) -> dict[str, Any]:
        return {"provider": self.provider, "group": self.name}


async def store(
    connection: AsyncConnection, notice: Notice, *, body: str, status: WebhookStatus, now: datetime
) -> bool:
    """False when the provider sent it before."""
    asked = {
        "id": new_id(),
        "provider": notice.provider,
        "provider_id": notice.id,
        "type": notice.type,
        "group": notice.group,
        "subject": notice.subject,
        "stated_at": notice.at,
        "rank": notice.rank,
        "body": body,
        "status": status,
        "error": notice.unreadable,
        "now": now,
    }
    return (await connection.execute(_STORE, asked)).first() is not None


async def next_group(connection: AsyncConnection, now: datetime) -> Group | None:
    row = (await connection.execute(_NEXT_GROUP, {"now": now})).first()
    return Group(row.provider, row.object_group) if row else None


async def lock_pending(connection: Connection, group: Group) -> Sequence[Pending]:
    """Oldest first; whoever else handles the group waits until this transaction ends."""
    connection.later(_LOCK_GROUP, {"name": f"{group.provider}:{group.name}"})
    rows = await connection.execute(_PENDING, group.asked())
    return [Pending(row.id, row.body, row.attempts) for row in rows]


async def newest_handled(
    connection: AsyncConnection, group: Group
) -> dict[str, tuple[datetime, int]]:
    """By subject, when the newest webhook that was handled was stated."""
    rows = await connection.execute(_NEWEST, group.asked())
    return {row.subject: (row.stated_at, row.rank) for row in rows}


def mark(connection: Connection, webhook: Pending, status: WebhookStatus, now: datetime) -> None:
    connection.later(_MARK, {"id": webhook.id, "status": status, "now": now})


async def postpone(
    connection: AsyncConnection,
    group: Group,
    webhook: Pending,
    *,
    until: datetime,
    error: str,
    give_up: bool = False,
) -> None:
    """The webhook and whatever waits behind it; one given up lets the others pass."""
    asked = {"id": webhook.id, "until": until, "error": error[:200], "give_up": give_up}
    await connection.execute(_POSTPONE, group.asked() | asked)


async def replay_failed(connection: AsyncConnection, now: datetime) -> int:
    return len((await connection.execute(_REPLAY, {"now": now})).all())


async def forget_bodies(connection: AsyncConnection, before: datetime) -> None:
    """Bodies name buyers; once handled they are only kept for a while."""
    await connection.execute(_FORGET, {"before": before})

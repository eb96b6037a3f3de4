"""Every query of stored webhooks: in once by the provider's id, out in order per object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection, UnitOfWork
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
_DUE_GROUPS = text(
    """SELECT provider, object_group FROM (
           SELECT provider, object_group FROM payments.webhooks
           WHERE status = 'received' AND due_at <= :now ORDER BY due_at, id LIMIT :limit) oldest
       GROUP BY provider, object_group"""
)
# Always in one order, so that nobody waits for somebody who waits for them.
_LOCK_GROUPS = text(
    """SELECT pg_advisory_xact_lock(key) FROM (
           SELECT hashtextextended(name, 7264) AS key FROM unnest(CAST(:names AS text[])) AS n(name)
           ORDER BY key) AS keys"""
)
_PENDING = text(
    """SELECT object_group, id, body, attempts FROM payments.webhooks
       WHERE provider = :provider AND object_group = ANY(:groups) AND status = 'received'
       ORDER BY object_group, stated_at, rank, id"""
)
_NEWEST = text(
    """SELECT DISTINCT ON (object_group, subject) object_group, subject, stated_at, rank
       FROM payments.webhooks
       WHERE provider = :provider AND object_group = ANY(:groups)
         AND status IN ('done', 'conflict', 'superseded')
       ORDER BY object_group, subject, stated_at DESC, rank DESC"""
)
_MARK = text(
    """UPDATE payments.webhooks SET status = :status, handled_at = :now, error = NULL
       WHERE id = ANY(:ids)"""
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
# A group is named by our payment's id wherever the provider was told it.
_OWNERS = text(
    """SELECT w.subject, p.id FROM payments.webhooks w
       JOIN payments.payments p ON p.provider = w.provider AND p.id::text = w.object_group
       WHERE w.provider = :provider AND w.subject = ANY(:subjects)
         AND w.type = 'PAYMENT.CAPTURE.COMPLETED'"""
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


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits of a group, oldest first, and by subject when the newest that was handled was
    stated."""

    group: Group
    pending: list[Pending]
    newest: dict[str, tuple[datetime, int]]


async def store(
    uow: UnitOfWork, notice: Notice, *, body: str, status: WebhookStatus, now: datetime
) -> bool:
    """Durable; False when the provider sent it before."""
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
    return (await uow.finish(_STORE, asked)).first() is not None


async def due_groups(connection: AsyncConnection, now: datetime, *, limit: int) -> list[Group]:
    """What the `limit` webhooks that are longest due are about."""
    rows = await connection.execute(_DUE_GROUPS, {"now": now, "limit": limit})
    return [Group(row.provider, row.object_group) for row in rows]


async def lock_pending(connection: Connection, groups: Sequence[Group]) -> list[Queue]:
    """Of groups of one provider; whoever else handles them waits until this transaction ends."""
    names = [group.name for group in groups]
    asked = {"provider": groups[0].provider, "groups": names}
    connection.later(_LOCK_GROUPS, {"names": [f"{one.provider}:{one.name}" for one in groups]})
    pending = connection.ahead(_PENDING, asked)
    newest = await connection.execute(_NEWEST, asked)
    queues = {group.name: Queue(group, [], {}) for group in groups}
    for row in pending.answer:
        queues[row.object_group].pending.append(Pending(row.id, row.body, row.attempts))
    for row in newest:
        queues[row.object_group].newest[row.subject] = (row.stated_at, row.rank)
    return list(queues.values())


async def owners(
    connection: AsyncConnection, provider: str, subjects: Sequence[str]
) -> dict[str, UUID]:
    """Our payments of captures that webhooks told of."""
    asked = {"provider": provider, "subjects": list(subjects)}
    return {row.subject: row.id for row in await connection.execute(_OWNERS, asked)}


def mark(connection: Connection, ids: Sequence[UUID], status: WebhookStatus, now: datetime) -> None:
    connection.later(_MARK, {"ids": list(ids), "status": status, "now": now})


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

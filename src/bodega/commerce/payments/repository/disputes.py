"""Every query of disputes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.payments.domain.webhooks import DisputeFact
from bodega.commerce.payments.repository.payments import Payment
from bodega.commerce.payments.tables import disputes
from bodega.contracts.books import DisputeStatus, DisputeView
from bodega.kernel.ids import CheckoutId, DisputeId, new_id
from bodega.kernel.money import Money

_UNALARMED = text(
    """SELECT id, due_at, alarmed_days FROM payments.disputes
       WHERE status = 'needs_response' AND due_at IS NOT NULL AND due_at <= :before
         AND evidence_sent_at IS NULL
       ORDER BY due_at FOR UPDATE SKIP LOCKED"""
)
_LOST = text(
    """SELECT CAST(sum(d.amount_amount) AS bigint) AS amount, d.amount_currency AS currency
       FROM payments.disputes d JOIN payments.payments p ON p.id = d.payment_id
       WHERE d.checkout_id = :checkout AND d.status = 'lost' AND NOT d.inquiry
         AND d.amount_currency = p.amount_currency
       GROUP BY d.amount_currency"""
)
_STANDING = text(
    """SELECT count(*) FILTER (WHERE status IN ('needs_response', 'under_review')) AS open,
              count(*) FILTER (WHERE status = 'needs_response' AND evidence_sent_at IS NULL
                                 AND due_at <= :soon) AS due
       FROM payments.disputes"""
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A dispute, when its standing was stated by the provider, and its last alarm."""

    view: DisputeView
    stated: tuple[datetime, int]


def _view(row: Row[Any]) -> DisputeView:
    return DisputeView(
        id=row.id,
        payment_id=row.payment_id,
        checkout_id=row.checkout_id,
        provider=row.provider,
        reference=row.reference,
        amount=Money(amount=row.amount_amount, currency=row.amount_currency),
        reason=row.reason,
        status=row.status,
        inquiry=row.inquiry,
        opened_at=row.opened_at,
        due_at=row.due_at,
        evidence_sent_at=row.evidence_sent_at,
        closed_at=row.closed_at,
    )


async def open_dispute(
    connection: AsyncConnection, fact: DisputeFact, *, provider: str, payment: Payment | None
) -> bool:
    """False when it is known."""
    values = {
        "id": new_id(),
        "provider": provider,
        "reference": fact.reference,
        "payment_id": payment.id if payment else None,
        "checkout_id": payment.checkout_id if payment else None,
        "amount_amount": fact.amount.amount,
        "amount_currency": fact.amount.currency,
        "reason": fact.reason[:60],
        "status": "needs_response",
        "inquiry": fact.inquiry,
        "opened_at": fact.opened_at,
        "due_at": fact.due_at,
        "stated_at": fact.opened_at,
        "rank": -1,
    }
    statement = insert(disputes).values(**values).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(disputes.c.id))).first() is not None


async def lock_dispute(connection: AsyncConnection, provider: str, reference: str) -> Kept | None:
    query = select(disputes).where(
        disputes.c.provider == provider, disputes.c.reference == reference
    )
    row = (await connection.execute(query.with_for_update())).first()
    return Kept(_view(row), (row.stated_at, row.rank)) if row else None


async def restate(
    connection: AsyncConnection,
    dispute_id: DisputeId,
    fact: DisputeFact,
    *,
    stated: tuple[datetime, int],
    closed_at: datetime | None,
) -> None:
    values = {
        "status": fact.status,
        "inquiry": fact.inquiry,
        "amount_amount": fact.amount.amount,
        "due_at": fact.due_at,
        "closed_at": closed_at,
        "stated_at": stated[0],
        "rank": stated[1],
    }
    await connection.execute(update(disputes).where(disputes.c.id == dispute_id).values(**values))


async def find_dispute(
    connection: AsyncConnection, dispute_id: DisputeId, *, lock: bool = False
) -> DisputeView | None:
    query = select(disputes).where(disputes.c.id == dispute_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return _view(row) if row else None


async def charged_back(connection: AsyncConnection, checkout_id: CheckoutId) -> Money | None:
    """The sum of what was lost; None for nothing. Of a foreign currency a conflict tells."""
    row = (await connection.execute(_LOST, {"checkout": checkout_id})).first()
    return Money(amount=row.amount, currency=row.currency) if row else None


async def newest(
    connection: AsyncConnection, *, status: DisputeStatus | None, after: UUID | None, limit: int
) -> Sequence[DisputeView]:
    query = select(disputes).order_by(disputes.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(disputes.c.status == status)
    if after is not None:
        query = query.where(disputes.c.id < after)
    return [_view(row) for row in await connection.execute(query)]


async def unalarmed(
    connection: AsyncConnection, before: datetime
) -> list[tuple[DisputeId, datetime, int | None]]:
    """Disputes whose evidence is due, with the days of the last alarm."""
    rows = await connection.execute(_UNALARMED, {"before": before})
    return [(row.id, row.due_at, row.alarmed_days) for row in rows]


async def alarmed(connection: AsyncConnection, dispute_id: DisputeId, days: int) -> None:
    await connection.execute(
        update(disputes).where(disputes.c.id == dispute_id).values(alarmed_days=days)
    )


async def evidence_sent(
    connection: AsyncConnection, dispute_id: DisputeId, at: datetime, *, status: DisputeStatus
) -> None:
    """The status is the provider's answer; one that a webhook has closed meanwhile stays so."""
    open_still = disputes.c.status == "needs_response"
    stays = case((open_still, status), else_=disputes.c.status)
    values = {"evidence_sent_at": at, "status": stays}
    await connection.execute(update(disputes).where(disputes.c.id == dispute_id).values(**values))


async def standing(connection: AsyncConnection, soon: datetime) -> tuple[int, int]:
    """Open disputes, and those whose evidence is due by `soon`."""
    row = (await connection.execute(_STANDING, {"soon": soon})).one()
    return row.open, row.due

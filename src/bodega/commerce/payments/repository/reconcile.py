"""Our side of a reconciliation: payments with what the ledger says of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.payments.domain.reconcile import Here
from bodega.kernel.money import Money

_HERE = text(
    """SELECT p.id, p.provider_reference, p.status, p.amount_amount, p.amount_currency,
           p.occurred_at,
           coalesce(sum(l.amount) FILTER (WHERE e.kind = 'capture'), 0) AS taken,
           -coalesce(sum(l.amount) FILTER (
               WHERE e.kind IN ('void', 'refund', 'refund_failed')), 0) AS returned,
           coalesce(array_agg(e.source) FILTER (WHERE e.kind = 'fee'), '{}') AS fees
       FROM payments.payments p
       LEFT JOIN payments.ledger_entries e ON e.payment_id = p.id
       LEFT JOIN payments.ledger_lines l
           ON l.entry_id = e.id AND l.account = 'provider_clearing'
       WHERE p.provider = :provider
         AND (p.occurred_at BETWEEN :since AND :until
              OR p.provider_reference = ANY(:references) OR p.id = ANY(:ids))
       GROUP BY p.id"""
)

_OTHERS = text(
    """SELECT provider, count(*) AS payments FROM payments.payments
       WHERE provider <> ALL(:asked) AND occurred_at BETWEEN :since AND :until
         AND amount_amount <> 0
       GROUP BY provider ORDER BY provider"""
)


async def of_others(
    connection: AsyncConnection, *, asked: Sequence[str], since: datetime, until: datetime
) -> dict[str, int]:
    """Payments begun in that time with providers that were not asked."""
    period = {"since": since, "until": until, "asked": list(asked)}
    rows = await connection.execute(_OTHERS, period)
    return {row.provider: row.payments for row in rows}


async def payments_between(
    connection: AsyncConnection,
    *,
    provider: str,
    since: datetime,
    until: datetime,
    references: Sequence[str],
    ids: Sequence[UUID],
) -> dict[UUID, Here]:
    """Payments begun in that time, and those the provider listed."""
    asked = {
        "provider": provider,
        "since": since,
        "until": until,
        "references": list(references),
        "ids": list(ids),
    }
    return {
        row.id: Here(
            id=row.id,
            reference=row.provider_reference,
            status=row.status,
            amount=Money(amount=row.amount_amount, currency=row.amount_currency),
            taken=int(row.taken),
            returned=int(row.returned),
            fees=frozenset(row.fees),
            started_at=row.occurred_at,
        )
        for row in await connection.execute(_HERE, asked)
    }

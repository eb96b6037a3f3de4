"""Every query of the ledger: entries go in once by their source, and are only ever added."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.payments.domain.ledger import Booked, Lines, Sale
from bodega.contracts.books import AccountBalance, LedgerEntry, LedgerKind, LedgerLine
from bodega.kernel.ids import CheckoutId, OrderId, PaymentId, new_id

_POST = text(
    """WITH entry AS (
           INSERT INTO payments.ledger_entries
               (id, kind, source, checkout_id, payment_id, credit_of, currency, occurred_at)
           VALUES (:id, :kind, :source, :checkout, :payment, :credit_of, :currency,
                   coalesce(:at, now()))
           ON CONFLICT (source) DO NOTHING RETURNING id)
       INSERT INTO payments.ledger_lines (entry_id, position, account, amount)
       SELECT entry.id, line.position, line.account, line.amount
       FROM entry, unnest(CAST(:accounts AS text[]), CAST(:amounts AS bigint[]))
           WITH ORDINALITY AS line(account, amount, position)
       RETURNING entry_id"""
)
_SALE = text(
    """INSERT INTO payments.sales AS known
           (checkout_id, order_id, currency, total_amount, tax_amount, cancelled)
       VALUES (:checkout, :order, :currency, :total, :tax, :cancelled)
       ON CONFLICT (checkout_id) DO UPDATE SET
           total_amount = excluded.total_amount, tax_amount = excluded.tax_amount,
           cancelled = known.cancelled OR excluded.cancelled, known_at = now()"""
)
_LOCK_SALE = text(
    """SELECT total_amount, tax_amount, currency, cancelled FROM payments.sales
       WHERE checkout_id = :checkout FOR UPDATE"""
)
_BOOKED = text(
    """SELECT count(DISTINCT e.id) AS entries,
        coalesce(sum(l.amount) FILTER (WHERE e.kind = 'sale' AND l.account = 'receivable'), 0)
            AS sale,
        -coalesce(sum(l.amount) FILTER (WHERE e.kind = 'sale' AND l.account = 'tax'), 0)
            AS sale_tax,
        -coalesce(sum(l.amount) FILTER (
            WHERE e.kind IN ('capture', 'void', 'exchange') AND l.account = 'receivable'), 0)
            AS kept
    FROM payments.ledger_entries e JOIN payments.ledger_lines l ON l.entry_id = e.id
    WHERE e.checkout_id = :checkout"""
)
_TAKEN = text(
    """SELECT coalesce(sum(l.amount) FILTER (WHERE e.kind = 'capture'), 0) AS taken,
              -coalesce(sum(l.amount) FILTER (WHERE e.kind <> 'capture'), 0) AS returned
       FROM payments.ledger_entries e JOIN payments.ledger_lines l ON l.entry_id = e.id
       WHERE e.payment_id = :payment AND l.account = 'provider_clearing'
         AND e.kind IN ('capture', 'void', 'refund', 'refund_failed')"""
)
_BALANCES = text(
    """SELECT e.currency, l.account, sum(l.amount) AS balance
       FROM payments.ledger_entries e JOIN payments.ledger_lines l ON l.entry_id = e.id
       GROUP BY e.currency, l.account ORDER BY e.currency, l.account"""
)
_ENTRIES = text(
    """SELECT e.id, e.kind, e.checkout_id, e.payment_id, e.credit_of, e.currency, e.occurred_at,
              array_agg(l.account ORDER BY l.position) AS accounts,
              array_agg(l.amount ORDER BY l.position) AS amounts
       FROM payments.ledger_entries e JOIN payments.ledger_lines l ON l.entry_id = e.id
       WHERE (CAST(:checkout AS uuid) IS NULL OR e.checkout_id = :checkout
              OR e.credit_of = :checkout)
         AND (CAST(:after AS uuid) IS NULL OR e.id < CAST(:after AS uuid))
       GROUP BY e.id ORDER BY e.id DESC LIMIT :limit"""
)


async def post(
    connection: AsyncConnection,
    *,
    kind: LedgerKind,
    source: str,
    lines: Lines,
    currency: str,
    checkout_id: CheckoutId | None = None,
    payment_id: PaymentId | None = None,
    credit_of: CheckoutId | None = None,
    at: datetime | None = None,
) -> bool:
    """False when `source` is booked already; lines of zero are left out."""
    worth = [(account, amount) for account, amount in lines if amount]
    if not worth:
        return False
    asked = {
        "id": new_id(),
        "kind": kind,
        "source": source,
        "checkout": checkout_id,
        "payment": payment_id,
        "credit_of": credit_of,
        "currency": currency,
        "at": at,
        "accounts": [account for account, _ in worth],
        "amounts": [amount for _, amount in worth],
    }
    return (await connection.execute(_POST, asked)).first() is not None


def keep_sale(
    connection: Connection,
    *,
    checkout_id: CheckoutId,
    order_id: OrderId,
    currency: str,
    sale: Sale,
) -> None:
    """A cancelled sale stays cancelled."""
    asked = {
        "checkout": checkout_id,
        "order": order_id,
        "currency": currency,
        "total": sale.total,
        "tax": sale.tax,
        "cancelled": sale.cancelled,
    }
    connection.later(_SALE, asked)


async def lock_sale(
    connection: AsyncConnection, checkout_id: CheckoutId
) -> tuple[Sale, str] | None:
    """The sale and its currency; whoever squares it waits for the lock."""
    row = (await connection.execute(_LOCK_SALE, {"checkout": checkout_id})).first()
    if row is None:
        return None
    return Sale(row.total_amount, row.tax_amount, row.cancelled), row.currency


async def booked(connection: AsyncConnection, checkout_id: CheckoutId) -> tuple[Booked, int]:
    """What stands for a checkout, and in how many entries."""
    row = (await connection.execute(_BOOKED, {"checkout": checkout_id})).one()
    figures = {name: int(getattr(row, name)) for name in Booked.__dataclass_fields__}
    return Booked(**figures), row.entries


async def taken_and_returned(connection: AsyncConnection, payment_id: PaymentId) -> tuple[int, int]:
    """What a payment captured, and what of it went back."""
    row = (await connection.execute(_TAKEN, {"payment": payment_id})).one()
    return int(row.taken), int(row.returned)


async def balances(connection: AsyncConnection) -> list[AccountBalance]:
    rows = await connection.execute(_BALANCES)
    return [
        AccountBalance(account=row.account, currency=row.currency, balance=int(row.balance))
        for row in rows
    ]


async def entries(
    connection: AsyncConnection,
    *,
    checkout_id: CheckoutId | None,
    after: UUID | None,
    limit: int,
) -> Sequence[LedgerEntry]:
    """Newest first."""
    asked = {"checkout": checkout_id, "after": after, "limit": limit}
    return [
        LedgerEntry(
            id=row.id,
            kind=row.kind,
            checkout_id=row.checkout_id,
            payment_id=row.payment_id,
            credit_of=row.credit_of,
            currency=row.currency,
            occurred_at=row.occurred_at,
            lines=[
                LedgerLine(account=account, amount=amount)
                for account, amount in zip(row.accounts, row.amounts, strict=True)
            ],
        )
        for row in await connection.execute(_ENTRIES, asked)
    ]

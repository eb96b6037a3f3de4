"""Every query of the ledger: entries go in once by their source, and are only ever added."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
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


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be booked once under its source; lines of zero are left out."""

    kind: LedgerKind
    source: str
    lines: Lines
    currency: str
    checkout_id: CheckoutId | None = None
    payment_id: PaymentId | None = None
    credit_of: CheckoutId | None = None
    at: datetime | None = None

    def asked(self) -> dict[str, Any]:
        worth = [(account, amount) for account, amount in self.lines if amount]
        return {
            "id": new_id(),
            "kind": self.kind,
            "source": self.source,
            "checkout": self.checkout_id,
            "payment": self.payment_id,
            "credit_of": self.credit_of,
            "currency": self.currency,
            "at": self.at,
            "accounts": [account for account, _ in worth],
            "amounts": [amount for _, amount in worth],
        }

    @property
    def empty(self) -> bool:
        return not any(amount for _, amount in self.lines)


async def post(connection: AsyncConnection, entry: Entry) -> bool:
    """False when its source is booked already, or there is nothing to book."""
    if entry.empty:
        return False
    return (await connection.execute(_POST, entry.asked())).first() is not None


def book(connection: Connection, entry: Entry) -> None:
    """The same for whoever does not ask."""
    if not entry.empty:
        connection.later(_POST, entry.asked())


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


async def lock_sale(connection: AsyncConnection, checkout_id: CheckoutId) -> Sale | None:
    """The sale; whoever squares it waits for the lock."""
    row = (await connection.execute(_LOCK_SALE, {"checkout": checkout_id})).first()
    return _sale(row) if row else None


def _sale(row: Row[Any]) -> Sale:
    return Sale(row.total_amount, row.tax_amount, row.cancelled)


@dataclass(frozen=True, slots=True)
class Standing:
    """A sale, what stands for it in the books, and in how many entries."""

    sale: Sale
    currency: str
    booked: Booked
    entries: int


async def lock_standing(connection: Connection, checkout_id: CheckoutId) -> Standing | None:
    """None for what is no sale. The books are read once the lock is had."""
    asked = {"checkout": checkout_id}
    locked = connection.ahead(_LOCK_SALE, asked)
    books = (await connection.execute(_BOOKED, asked)).one()
    row = locked.answer.first()
    if row is None:
        return None
    figures = {name: int(getattr(books, name)) for name in Booked.__dataclass_fields__}
    return Standing(_sale(row), row.currency, Booked(**figures), books.entries)


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

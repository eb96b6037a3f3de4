"""Every query of views."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.contracts.orders import OrderPlaced
from bodega.contracts.views import (
    CustomerSpending,
    CustomerSummary,
    HistoryEntry,
    OrderHistory,
    StockSummary,
)
from bodega.kernel.events import Envelope
from bodega.kernel.ids import OrderId, UserId, VariantId
from bodega.kernel.money import Money

_PLACED = text(
    """INSERT INTO views.orders (order_id, number, checkout_id, customer_id, status, units,
           total_amount, total_currency, placed_at)
       VALUES (:order, :number, :checkout, :customer, 'pending', :units, :amount, :currency, :at)"""
)
_STATUS = text("UPDATE views.orders SET status = :status WHERE order_id = :order")
_EVENT = text(
    """INSERT INTO views.order_events (event_id, order_id, checkout_id, type, at, actor, amount,
           currency, detail)
       VALUES (:event, :order, :checkout, :type, :at, :actor, :amount, :currency, :detail)"""
)
_ORDER = text("SELECT * FROM views.orders WHERE order_id = :order")
_ENTRIES = text(
    """SELECT * FROM views.order_events WHERE order_id = :order OR checkout_id = :checkout
       ORDER BY at, event_id"""
)
_BOUGHT = text(
    """WITH fact AS (
           INSERT INTO views.customer_orders
               (order_id, customer_id, units, total_amount, total_currency, placed_at)
           VALUES (:order, :customer, :units, :amount, :currency, :at))
       INSERT INTO views.customers AS c (customer_id, currency, orders, cancelled, units,
           spent_amount, first_order_at, last_order_at)
       VALUES (:customer, :currency, 1, 0, :units, :amount, :at, :at)
       ON CONFLICT (customer_id, currency) DO UPDATE SET orders = c.orders + 1,
           units = c.units + excluded.units, spent_amount = c.spent_amount + excluded.spent_amount,
           first_order_at = least(c.first_order_at, excluded.first_order_at),
           last_order_at = greatest(c.last_order_at, excluded.last_order_at)"""
)
_UNBOUGHT = text(
    """WITH fact AS (
           UPDATE views.customer_orders SET cancelled = true
           WHERE order_id = :order AND NOT cancelled
           RETURNING customer_id, units, total_amount, refunded_amount, total_currency)
       UPDATE views.customers c SET cancelled = c.cancelled + 1, units = c.units - fact.units,
           spent_amount = c.spent_amount - (fact.total_amount - fact.refunded_amount)
       FROM fact WHERE c.customer_id = fact.customer_id AND c.currency = fact.total_currency"""
)
_TOTAL = text("UPDATE views.orders SET total_amount = :amount WHERE order_id = :order")
_REBOUGHT = text(
    """WITH fact AS (
           SELECT customer_id, total_amount, total_currency FROM views.customer_orders
           WHERE order_id = :order AND NOT cancelled FOR UPDATE),
       changed AS (
           UPDATE views.customer_orders SET total_amount = :amount
           WHERE order_id = :order AND NOT cancelled)
       UPDATE views.customers c SET spent_amount = c.spent_amount + :amount - fact.total_amount
       FROM fact WHERE c.customer_id = fact.customer_id AND c.currency = fact.total_currency"""
)
_GIVEN_BACK = text(
    """WITH fact AS (
           UPDATE views.customer_orders SET refunded_amount = refunded_amount + :amount
           WHERE order_id = :order AND NOT cancelled
           RETURNING customer_id, total_currency)
       UPDATE views.customers c SET spent_amount = c.spent_amount - :amount
       FROM fact WHERE c.customer_id = fact.customer_id AND c.currency = fact.total_currency"""
)
_CUSTOMERS = text(
    """SELECT * FROM views.customers WHERE customer_id = ANY(:customers)
       ORDER BY customer_id, currency"""
)
_MOVED = text(
    """INSERT INTO views.stock AS s (variant_id, received, sold, last_received_at, last_sold_at)
       VALUES (:variant, :received, :sold, :received_at, :sold_at)
       ON CONFLICT (variant_id) DO UPDATE SET received = s.received + excluded.received,
           sold = s.sold + excluded.sold, to_ask = true,
           last_received_at = greatest(s.last_received_at, excluded.last_received_at),
           last_sold_at = greatest(s.last_sold_at, excluded.last_sold_at)"""
)
_SEEN = text(
    """INSERT INTO views.stock (variant_id) SELECT unnest(CAST(:variants AS uuid[]))
       ON CONFLICT (variant_id) DO UPDATE SET to_ask = true"""
)
_TO_ASK = text(
    """UPDATE views.stock SET to_ask = false WHERE variant_id IN (
           SELECT variant_id FROM views.stock WHERE to_ask ORDER BY variant_id
           LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING variant_id"""
)
_ASK_AGAIN = text(
    """UPDATE views.stock SET to_ask = true
       WHERE NOT to_ask AND greatest(last_sold_at, last_received_at) > :since"""
)
_ASKED = text("UPDATE views.stock SET available = :available WHERE variant_id = :variant")
_STOCK = text(
    """SELECT * FROM views.stock
       WHERE CAST(:after AS uuid) IS NULL OR variant_id > CAST(:after AS uuid)
       ORDER BY variant_id LIMIT :limit"""
)


def add_order(connection: Connection, event: OrderPlaced, *, at: datetime) -> None:
    connection.later(_PLACED, _order(event, at))


def add_bought(connection: Connection, event: OrderPlaced, *, at: datetime) -> None:
    connection.later(_BOUGHT, _order(event, at))


def _order(event: OrderPlaced, at: datetime) -> dict[str, object]:
    return {
        "order": event.order_id,
        "number": event.number,
        "checkout": event.checkout_id,
        "customer": event.customer_id,
        "units": sum(line.quantity for line in event.lines if line.product_id is not None),
        "amount": event.total.amount,
        "currency": event.total.currency,
        "at": at,
    }


def set_status(connection: Connection, order_id: OrderId, status: str) -> None:
    connection.later(_STATUS, {"order": order_id, "status": status})


def set_total(connection: Connection, order_id: OrderId, total: Money) -> None:
    connection.later(_TOTAL, {"order": order_id, "amount": total.amount})


def set_bought(connection: Connection, order_id: OrderId, total: Money) -> None:
    """An edited order counts for what it now comes to."""
    connection.later(_REBOUGHT, {"order": order_id, "amount": total.amount})


def give_back(connection: Connection, order_id: OrderId, amount: Money) -> None:
    """Money that went back was not spent."""
    connection.later(_GIVEN_BACK, {"order": order_id, "amount": amount.amount})


def take_back(connection: Connection, order_id: OrderId) -> None:
    """A cancelled order counts for no money; cancelled once however often it is told."""
    connection.later(_UNBOUGHT, {"order": order_id})


def add_event(
    connection: Connection,
    envelope: Envelope,
    *,
    order_id: UUID | None = None,
    checkout_id: UUID | None = None,
    amount: Money | None = None,
    detail: str | None = None,
) -> None:
    entry = {
        "event": envelope.event_id,
        "order": order_id,
        "checkout": checkout_id,
        "type": envelope.type,
        "at": envelope.occurred_at,
        "actor": envelope.actor,
        "amount": amount.amount if amount else None,
        "currency": amount.currency if amount else None,
        "detail": detail,
    }
    connection.later(_EVENT, entry)


async def find_history(connection: AsyncConnection, order_id: OrderId) -> OrderHistory | None:
    row = (await connection.execute(_ORDER, {"order": order_id})).first()
    if row is None:
        return None
    asked = {"order": order_id, "checkout": row.checkout_id}
    entries = [_entry(item) for item in await connection.execute(_ENTRIES, asked)]
    refunds = [item.amount for item in entries if item.type == _REFUND and item.amount]
    return OrderHistory(
        order_id=row.order_id,
        number=row.number,
        checkout_id=row.checkout_id,
        customer_id=row.customer_id,
        status=row.status,
        units=row.units,
        total=Money(amount=row.total_amount, currency=row.total_currency),
        refunded=Money(
            amount=sum(refund.amount for refund in refunds), currency=row.total_currency
        ),
        placed_at=row.placed_at,
        entries=entries,
    )


_REFUND = "payments.payment_refunded"


def _entry(row: Any) -> HistoryEntry:
    amount = None
    if row.amount is not None:
        amount = Money(amount=row.amount, currency=row.currency)
    return HistoryEntry(type=row.type, at=row.at, actor=row.actor, amount=amount, detail=row.detail)


async def find_customers(
    connection: AsyncConnection, customer_ids: Sequence[UserId]
) -> dict[UserId, CustomerSummary]:
    found: dict[UserId, CustomerSummary] = {}
    for row in await connection.execute(_CUSTOMERS, {"customers": list(customer_ids)}):
        customer_id = UserId(row.customer_id)
        summary = CustomerSummary(customer_id=customer_id, spending=[])
        found.setdefault(customer_id, summary).spending.append(_spending(row))
    return found


def _spending(row: Any) -> CustomerSpending:
    return CustomerSpending(
        orders=row.orders,
        cancelled=row.cancelled,
        units=row.units,
        spent=Money(amount=row.spent_amount, currency=row.currency),
        first_order_at=row.first_order_at,
        last_order_at=row.last_order_at,
    )


def move_stock(
    connection: Connection,
    variant_id: VariantId,
    *,
    at: datetime,
    received: int = 0,
    sold: int = 0,
) -> None:
    moved = {
        "variant": variant_id,
        "received": received,
        "sold": sold,
        "received_at": at if received > 0 else None,
        "sold_at": at if sold > 0 else None,
    }
    connection.later(_MOVED, moved)


async def see_stock(connection: AsyncConnection, variant_ids: Sequence[VariantId]) -> None:
    """These exist; how many there are is asked by the next sweep."""
    await connection.execute(_SEEN, {"variants": list(variant_ids)})


async def take_to_ask(connection: AsyncConnection, *, limit: int) -> list[VariantId]:
    return [
        VariantId(row.variant_id) for row in await connection.execute(_TO_ASK, {"limit": limit})
    ]


async def ask_again(connection: AsyncConnection, *, since: datetime) -> None:
    """What moved since is to be asked once more."""
    await connection.execute(_ASK_AGAIN, {"since": since})


async def set_available(connection: AsyncConnection, found: Mapping[VariantId, int]) -> None:
    rows = [{"variant": variant, "available": count} for variant, count in sorted(found.items())]
    await connection.execute(_ASKED, rows)


async def find_stock(
    connection: AsyncConnection, *, limit: int, after: UUID | None
) -> list[StockSummary]:
    rows = await connection.execute(_STOCK, {"limit": limit, "after": after})
    return [StockSummary.model_validate(row, from_attributes=True) for row in rows]

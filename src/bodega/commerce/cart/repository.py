"""Every query of the cart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.cart.domain import Basket, Limits, Line
from bodega.commerce.cart.tables import carts
from bodega.contracts.cart import CartAbandoned
from bodega.kernel.ids import CartId, UserId
from bodega.kernel.money import Money

_CART = text("SELECT * FROM cart.carts WHERE id = :cart_id")
_LOCKED = text("SELECT * FROM cart.carts WHERE id = :cart_id FOR UPDATE")
_LINES = text("SELECT * FROM cart.lines WHERE cart_id = :cart_id ORDER BY position")
_OPEN = text(
    """INSERT INTO cart.carts (id, customer_id, status, created_at, updated_at)
       VALUES (:id, :customer, 'open', :now, :now)
       ON CONFLICT (customer_id) WHERE status = 'open' AND customer_id IS NOT NULL
       DO UPDATE SET updated_at = :now, abandoned_at = NULL RETURNING id"""
)
_DROP_LINES = text(
    "DELETE FROM cart.lines WHERE cart_id = :cart_id AND variant_id = ANY(:variants)"
)
_PUT_LINE = text(
    """INSERT INTO cart.lines (cart_id, variant_id, quantity, saved, seen_amount, seen_currency)
       VALUES (:cart_id, :variant_id, :quantity, :saved, :seen_amount, :seen_currency)
       ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity,
           saved = excluded.saved, seen_amount = excluded.seen_amount,
           seen_currency = excluded.seen_currency"""
)
_TOUCHED = "version = version + 1, updated_at = :now, abandoned_at = NULL"
_SAVE = text(
    f"""UPDATE cart.carts SET {_TOUCHED}, note = :note, coupons = :coupons,
            customer_id = :customer WHERE id = :id"""  # noqa: S608
)
_CLOSE = text(
    f"""WITH won_back AS (
         UPDATE cart.abandonments SET ordered_at = :now
         WHERE cart_id = :id AND ordered_at IS NULL AND :status = 'ordered')
       UPDATE cart.carts SET {_TOUCHED}, status = :status, next_cart_id = :next
       WHERE id = :id"""  # noqa: S608
)
_IDLE = text(
    """WITH idle AS (
         SELECT id FROM cart.carts
         WHERE status = 'open' AND abandoned_at IS NULL AND updated_at < :before
           AND EXISTS (SELECT 1 FROM cart.lines WHERE cart_id = carts.id AND NOT saved)
         ORDER BY updated_at LIMIT :most FOR UPDATE SKIP LOCKED)
       , held AS (
         SELECT cart_id, sum(quantity) AS units, sum(quantity * seen_amount) AS value,
           min(seen_currency) AS currency, count(seen_amount) = count(*)
             AND min(seen_currency) = max(seen_currency) AS priced
         FROM cart.lines WHERE cart_id IN (SELECT id FROM idle) AND NOT saved GROUP BY cart_id)
       , left_behind AS (
         UPDATE cart.carts SET abandoned_at = :now FROM idle WHERE carts.id = idle.id
         RETURNING carts.id, customer_id, updated_at)
       , kept AS (
         INSERT INTO cart.abandonments
           (cart_id, abandoned_at, customer_id, units, value_amount, currency)
         SELECT id, :now, customer_id, units, CASE WHEN priced THEN value END,
           CASE WHEN priced THEN currency END
         FROM left_behind JOIN held ON held.cart_id = id)
       SELECT id, customer_id, updated_at, units
       FROM left_behind JOIN held ON held.cart_id = id"""
)


async def find_basket(
    connection: Connection, cart_id: CartId, *, limits: Limits, lock: bool = False
) -> Basket | None:
    """A cart and its lines in the order they came; `lock` holds it until the transaction ends.
    The lines are read once the lock is had: a join would show them as they were before."""
    asked = {"cart_id": cart_id}
    cart = connection.ahead(_LOCKED if lock else _CART, asked)
    lines = await connection.execute(_LINES, asked)
    row = cart.answer.first()
    if row is None:
        return None
    found = [_line(line) for line in lines]
    return Basket(
        id=row.id,
        customer_id=row.customer_id,
        status=row.status,
        version=row.version,
        lines=found,
        note=row.note,
        coupons=row.coupons,
        expires_at=row.updated_at + limits.life(row.customer_id),
        next_cart_id=row.next_cart_id,
    )


def _line(row: Row[Any]) -> Line:
    seen = (
        Money(amount=row.seen_amount, currency=row.seen_currency)
        if row.seen_amount is not None
        else None
    )
    return Line(row.variant_id, row.quantity, row.saved, seen)


async def open_cart(
    connection: AsyncConnection, *, fresh_id: UUID, customer_id: UserId | None, now: datetime
) -> CartId:
    """A new cart; for a customer who has an open one, that one."""
    asked = {"id": fresh_id, "customer": customer_id, "now": now}
    return CartId((await connection.execute(_OPEN, asked)).scalar_one())


async def delete_expired(
    connection: AsyncConnection, customer_id: UserId, *, before: datetime
) -> None:
    """The customer's open cart, when nobody touched it since an instant."""
    mine = (carts.c.customer_id == customer_id) & (carts.c.status == "open")
    await connection.execute(delete(carts).where(mine, carts.c.updated_at <= before))


def save(connection: Connection, before: Basket, after: Basket, *, now: datetime) -> Basket:
    """Write what differs, as the next version; `after` with that version."""
    was = {line.variant_id: line for line in before.lines}
    here = {line.variant_id for line in after.lines}
    gone = [key for key in was if key not in here]
    if gone:
        connection.later(_DROP_LINES, {"cart_id": after.id, "variants": gone})
    put_lines(
        connection, after.id, [line for line in after.lines if was.get(line.variant_id) != line]
    )
    saved = {
        "id": after.id,
        "now": now,
        "note": after.note,
        "coupons": list(after.coupons),
        "customer": after.customer_id,
    }
    connection.later(_SAVE, saved)
    return after._replace(version=before.version + 1)


def put_lines(connection: Connection, cart_id: CartId, fresh: Sequence[Line]) -> None:
    """Add lines at the end, or change those that are there in their place."""
    for line in fresh:
        row = {
            "cart_id": cart_id,
            "variant_id": line.variant_id,
            "quantity": line.quantity,
            "saved": line.saved,
            "seen_amount": line.seen.amount if line.seen else None,
            "seen_currency": line.seen.currency if line.seen else None,
        }
        connection.later(_PUT_LINE, row)


def close(
    connection: Connection,
    cart_id: CartId,
    *,
    status: str,
    next_cart_id: CartId | None,
    now: datetime,
) -> None:
    """The next version; whoever left it is back."""
    closed = {"id": cart_id, "now": now, "status": status, "next": next_cart_id}
    connection.later(_CLOSE, closed)


async def mark_abandoned(
    connection: AsyncConnection, *, before: datetime, now: datetime, most: int
) -> list[CartAbandoned]:
    """Open carts with something in them that nobody touched since `before`; each once."""
    asked = {"before": before, "now": now, "most": most}
    return [
        CartAbandoned(
            cart_id=row.id,
            customer_id=row.customer_id,
            units=row.units,
            idle_since=row.updated_at,
        )
        for row in await connection.execute(_IDLE, asked)
    ]


async def delete_forgotten(
    connection: AsyncConnection, *, guests: datetime, customers: datetime
) -> int:
    """Carts that nobody touched since an instant, ordered ones apart; how many."""
    guests_own = carts.c.customer_id.is_(None) | (carts.c.status == "merged")
    stale = guests_own & (carts.c.updated_at < guests)
    forgotten = stale | (carts.c.updated_at < customers)
    statement = delete(carts).where(carts.c.status != "ordered", forgotten)
    return (await connection.execute(statement)).rowcount

"""Finding orders: a customer's own, and whatever staff look for, in pages or all of them."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.repository.orders import FIND, order_of
from bodega.contracts.orders import OrderSearch, OrderView
from bodega.kernel.ids import UserId

_WHERE = """
    WHERE (CAST(:customer AS uuid) IS NULL OR o.customer_id = :customer)
      AND (CAST(:number AS bigint) IS NULL OR o.number = :number)
      AND (CAST(:email AS text) IS NULL OR lower(o.email) = lower(CAST(:email AS text)))
      AND (CAST(:sku AS text) IS NULL OR o.id IN (
           SELECT l.order_id FROM orders.order_lines l WHERE l.sku = CAST(:sku AS text)))
      AND (CAST(:status AS text) IS NULL OR o.status = :status)
      AND (CAST(:since AS timestamptz) IS NULL OR o.occurred_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR o.occurred_at < :until)
      AND (CAST(:after_at AS timestamptz) IS NULL
           OR (o.occurred_at, o.id) {} (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
"""
_NEWEST = text(FIND + _WHERE.format("<") + "ORDER BY o.occurred_at DESC, o.id DESC LIMIT :limit")
_OLDEST = text(FIND + _WHERE.format(">") + "ORDER BY o.occurred_at, o.id LIMIT :limit")
BATCH = 500
_EVERYTHING = OrderSearch()
_BIGGEST = 2**63 - 1


async def find_orders(
    connection: AsyncConnection,
    *,
    limit: int,
    customer_id: UserId | None = None,
    search: OrderSearch = _EVERYTHING,
    after: tuple[datetime, UUID] | None = None,
) -> list[OrderView]:
    """Newest first."""
    asked = {**_asked(search), "customer": customer_id, **_place(after), "limit": limit}
    return [order_of(row) for row in await connection.execute(_NEWEST, asked)]


async def next_batch(
    connection: AsyncConnection, search: OrderSearch, after: tuple[datetime, UUID] | None
) -> list[OrderView]:
    """Oldest first; fewer than BATCH are the last."""
    asked = {**_asked(search), "customer": None, **_place(after), "limit": BATCH}
    return [order_of(row) for row in await connection.execute(_OLDEST, asked)]


def _place(after: tuple[datetime, UUID] | None) -> dict[str, Any]:
    after_at, after_id = after or (None, None)
    return {"after_at": after_at, "after_id": after_id}


def _asked(search: OrderSearch) -> dict[str, Any]:
    """`q` is a number when it is made of digits, an address when it holds an @, else a SKU."""
    number, email, sku, q = search.number, search.email, search.sku, search.q
    if q and q.isdecimal():
        number = int(q)
    elif q and "@" in q:
        email = q
    elif q:
        sku = q
    return {
        "number": min(number, _BIGGEST) if number is not None else None,
        "email": email or None,
        "sku": sku or None,
        "status": search.status,
        "since": datetime.combine(search.since, time(), UTC) if search.since else None,
        "until": (
            datetime.combine(search.until, time(), UTC) + timedelta(days=1)
            if search.until
            else None
        ),
    }

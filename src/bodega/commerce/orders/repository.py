"""Every query of orders."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.bulk import copy_new
from bodega.commerce.orders.domain import FIRST_NUMBER
from bodega.contracts.orders import OrderLine, OrderStatus, OrderView, PlacedOrder, PlaceOrder
from bodega.kernel.address import Address
from bodega.kernel.ids import CheckoutId, OrderId, ProductId, UserId, new_id
from bodega.kernel.money import Money

# The counter's row is locked by the statement that needs the number, late and for a short time;
# it is part of the transaction, so a number is used or never given.
_PLACE = text(
    """
    WITH counted AS (
        INSERT INTO orders.counters (name, value) VALUES ('orders', :first)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value
    ), placed AS (
        INSERT INTO orders.orders (id, number, checkout_id, customer_id, email, shipping_address,
            country, status, subtotal_amount, total_amount, currency)
        SELECT :id, counted.value, :checkout, :customer, :email, CAST(:address AS jsonb),
            :country, 'placed', :subtotal, :total, :currency
        FROM counted RETURNING id, number
    ), lined AS (
        INSERT INTO orders.order_lines (id, order_id, position, kind, product_id, variant_id, sku,
            title, quantity, unit_price_amount, total_amount, currency)
        SELECT line.id, placed.id, line.position, line.kind, line.product_id, line.variant_id,
            line.sku, line.title, line.quantity, line.unit_price, line.total, :currency
        FROM placed, jsonb_to_recordset(CAST(:lines AS jsonb)) AS line(
            id uuid, position smallint, kind text, product_id uuid, variant_id uuid, sku text,
            title text, quantity integer, unit_price bigint, total bigint)
    )
    SELECT id, number FROM placed
    """
)
_NUMBERS = text(
    """INSERT INTO orders.counters (name, value)
       VALUES ('orders', CAST(:first AS bigint) + :count - 1)
       ON CONFLICT (name) DO UPDATE SET value = counters.value + :count RETURNING value"""
)
_FIND = """
    SELECT o.*, (SELECT jsonb_agg(jsonb_build_object(
            'kind', l.kind, 'product_id', l.product_id, 'variant_id', l.variant_id,
            'sku', l.sku, 'title', l.title, 'quantity', l.quantity,
            'unit_price', jsonb_build_object('amount', l.unit_price_amount, 'currency', l.currency),
            'total', jsonb_build_object('amount', l.total_amount, 'currency', l.currency)
        ) ORDER BY l.position) FROM orders.order_lines l WHERE l.order_id = o.id) AS lines
    FROM orders.orders o
"""
_BY_ID = text(_FIND + "WHERE o.id = :id")
_BY_CHECKOUT = text(_FIND + "WHERE o.checkout_id = :id")
_LIST = text(
    _FIND
    + """
    WHERE (CAST(:customer AS uuid) IS NULL OR o.customer_id = :customer)
      AND (CAST(:status AS text) IS NULL OR o.status = :status)
      AND (CAST(:after_at AS timestamptz) IS NULL
           OR (o.occurred_at, o.id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
    ORDER BY o.occurred_at DESC, o.id DESC LIMIT :limit"""
)
_LOCK = text(
    """SELECT id, number, status, total_amount, currency FROM orders.orders
       WHERE checkout_id = :checkout FOR UPDATE"""
)
_STATUS = text("UPDATE orders.orders SET status = :status, known_at = now() WHERE id = :id")
_BOUGHT = text(
    """SELECT EXISTS (
           SELECT 1 FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
           WHERE o.customer_id = :customer AND o.status <> 'cancelled'
             AND l.product_id = :product)"""
)
_KNOWN = "SELECT source_key FROM orders.{} WHERE source = :source AND source_key = ANY(:keys)"
_KNOWN_ORDERS = text(_KNOWN.format("orders"))
_KNOWN_RETURNS = text(_KNOWN.format("returns"))
_SERIALISE = text("SELECT pg_advisory_xact_lock(hashtext('orders.import'))")

_AUDIT = "occurred_at known_at import_batch_id source source_key"
_BOUGHT_COLUMNS = (
    "kind product_id variant_id sku title quantity unit_price_amount total_amount currency"
)
ORDER_COLUMNS = (
    f"id number customer_id country status subtotal_amount total_amount currency {_AUDIT}".split()
)
ORDER_LINE_COLUMNS = f"id order_id position {_BOUGHT_COLUMNS} {_AUDIT}".split()
RETURN_COLUMNS = f"id order_id customer_id country reason total_amount currency {_AUDIT}".split()
RETURN_LINE_COLUMNS = f"id return_id {_BOUGHT_COLUMNS} {_AUDIT}".split()


def _order(row: Row[Any]) -> OrderView:
    address = row.shipping_address
    return OrderView(
        id=row.id,
        number=row.number,
        status=row.status,
        customer_id=row.customer_id,
        email=row.email,
        shipping_address=Address.model_validate(address) if address else None,
        country=row.country,
        placed_at=row.occurred_at,
        lines=[OrderLine.model_validate(line) for line in row.lines or []],
        subtotal=Money(amount=row.subtotal_amount, currency=row.currency),
        total=Money(amount=row.total_amount, currency=row.currency),
    )


async def insert_order(
    connection: AsyncConnection, request: PlaceOrder, *, subtotal: Money
) -> PlacedOrder:
    """The order and its lines in one statement, under the next number."""
    asked = {
        "first": FIRST_NUMBER,
        "id": new_id(),
        "checkout": request.checkout_id,
        "customer": request.customer_id,
        "email": request.email,
        "address": request.shipping_address.model_dump_json(),
        "country": request.shipping_address.country,
        "subtotal": subtotal.amount,
        "total": request.total.amount,
        "currency": request.total.currency,
        "lines": json.dumps([_line(position, line) for position, line in _numbered(request)]),
    }
    row = (await connection.execute(_PLACE, asked)).one()
    return PlacedOrder(order_id=row.id, number=row.number)


def _numbered(request: PlaceOrder) -> Iterable[tuple[int, OrderLine]]:
    return enumerate(request.lines, start=1)


def _line(position: int, line: OrderLine) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "position": position,
        "kind": line.kind,
        "product_id": str(line.product_id) if line.product_id else None,
        "variant_id": str(line.variant_id) if line.variant_id else None,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price": line.unit_price.amount,
        "total": line.total.amount,
    }


async def find_order(connection: AsyncConnection, order_id: OrderId) -> OrderView | None:
    row = (await connection.execute(_BY_ID, {"id": order_id})).first()
    return _order(row) if row else None


async def find_by_checkout(
    connection: AsyncConnection, checkout_id: CheckoutId
) -> OrderView | None:
    row = (await connection.execute(_BY_CHECKOUT, {"id": checkout_id})).first()
    return _order(row) if row else None


async def find_orders(
    connection: AsyncConnection,
    *,
    limit: int,
    customer_id: UserId | None = None,
    status: OrderStatus | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> list[OrderView]:
    after_at, after_id = after or (None, None)
    asked = {
        "customer": customer_id,
        "status": status,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    return [_order(row) for row in await connection.execute(_LIST, asked)]


async def lock_by_checkout(connection: AsyncConnection, checkout_id: CheckoutId) -> Row[Any] | None:
    """id, number, status, total_amount, currency of a locked row."""
    return (await connection.execute(_LOCK, {"checkout": checkout_id})).first()


async def set_status(connection: AsyncConnection, order_id: OrderId, status: OrderStatus) -> None:
    await connection.execute(_STATUS, {"id": order_id, "status": status})


async def has_bought(
    connection: AsyncConnection, *, customer_id: UserId, product_id: ProductId
) -> bool:
    asked = {"customer": customer_id, "product": product_id}
    return bool((await connection.execute(_BOUGHT, asked)).scalar_one())


async def known_keys(
    connection: AsyncConnection, *, source: str, orders: list[str], returns: list[str]
) -> tuple[set[str], set[str]]:
    """Natural keys that are here already; other loads wait until this transaction ends."""
    await connection.execute(_SERIALISE)
    here = await connection.execute(_KNOWN_ORDERS, {"source": source, "keys": orders})
    back = await connection.execute(_KNOWN_RETURNS, {"source": source, "keys": returns})
    return {row.source_key for row in here}, {row.source_key for row in back}


async def take_numbers(connection: AsyncConnection, count: int) -> int:
    """The first of `count` numbers in a row."""
    asked = {"first": FIRST_NUMBER, "count": count}
    last: int = (await connection.execute(_NUMBERS, asked)).scalar_one()
    return last - count + 1


async def copy_rows(
    connection: AsyncConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    return await copy_new(connection, f"orders.{table}", columns, rows)

"""Orders and their lines: placing, finding, moving on."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.orders.domain.lines import discount_total, tax_total
from bodega.commerce.orders.repository.numbers import FIRST_ORDER
from bodega.contracts.orders import OrderLine, OrderStatus, OrderView, PlacedOrder, PlaceOrder
from bodega.kernel.address import Address
from bodega.kernel.ids import CheckoutId, OrderId, OrderLineId, ProductId, UserId, VariantId, new_id
from bodega.kernel.money import Money

# The counter's row is locked by the statement that needs the number, late and for a short time;
# it is part of the transaction, so a number is used or never given.
_PLACE = text(
    """
    WITH counted AS (
        INSERT INTO orders.counters (name, value) SELECT 'orders', :first
        WHERE NOT EXISTS (SELECT 1 FROM orders.orders WHERE checkout_id = :checkout)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value
    ), placed AS (
        INSERT INTO orders.orders (id, number, checkout_id, customer_id, email, shipping_address,
            billing_address, shipping_method_id, shipping_method, coupons, note,
            country, status, subtotal_amount, total_amount, currency)
        SELECT :id, counted.value, :checkout, :customer, :email, CAST(:address AS jsonb),
            CAST(:billing AS jsonb), :method_id, :method, CAST(:coupons AS jsonb), :note,
            :country, 'pending', :subtotal, :total, :currency
        FROM counted RETURNING id, number
    ), lined AS (
        INSERT INTO orders.order_lines (id, order_id, position, kind, product_id, variant_id, sku,
            title, quantity, unit_price_amount, total_amount, currency, discount_amount,
            tax_amount, tax_rate, tax_included)
        SELECT line.id, placed.id, line.position, line.kind, line.product_id, line.variant_id,
            line.sku, line.title, line.quantity, line.unit_price, line.total, :currency,
            line.discount, line.tax, line.tax_rate, line.tax_included
        FROM placed, jsonb_to_recordset(CAST(:lines AS jsonb)) AS line(
            id uuid, position smallint, kind text, product_id uuid, variant_id uuid, sku text,
            title text, quantity integer, unit_price bigint, total bigint, discount bigint,
            tax bigint, tax_rate numeric, tax_included boolean)
    ), told AS (
        INSERT INTO orders.history (id, order_id, kind, status_after, actor, reference)
        SELECT :entry, placed.id, 'placed', 'pending', :actor, :checkout FROM placed
    )
    SELECT id, number FROM placed
    """
)
FIND = """
    SELECT o.*, (SELECT jsonb_agg(jsonb_build_object(
            'kind', l.kind, 'product_id', l.product_id, 'variant_id', l.variant_id,
            'sku', l.sku, 'title', l.title, 'quantity', l.quantity,
            'unit_price', jsonb_build_object('amount', l.unit_price_amount, 'currency', l.currency),
            'total', jsonb_build_object('amount', l.total_amount, 'currency', l.currency),
            'discount', CASE WHEN l.discount_amount IS NOT NULL THEN
                jsonb_build_object('amount', l.discount_amount, 'currency', l.currency) END,
            'tax', CASE WHEN l.tax_amount IS NOT NULL THEN
                jsonb_build_object('amount', l.tax_amount, 'currency', l.currency) END,
            'tax_rate', CAST(trim_scale(l.tax_rate) AS text), 'tax_included', l.tax_included,
            'id', l.id, 'fulfilled', l.fulfilled, 'delivered', l.delivered, 'returned', l.returned,
            'cancelled', l.cancelled
        ) ORDER BY l.position) FROM orders.order_lines l WHERE l.order_id = o.id) AS lines
    FROM orders.orders o
"""
_BY_ID = text(FIND + "WHERE o.id = :id")
_GUEST = text(
    "SELECT id, email FROM orders.orders"
    " WHERE number = :number AND customer_id IS NULL AND email IS NOT NULL"
)
_BY_CHECKOUT = text(FIND + "WHERE o.checkout_id = :id")
_LOCK = text(
    """SELECT id, number, status, total_amount, currency FROM orders.orders
       WHERE checkout_id = :checkout FOR UPDATE"""
)
_STATUS = text("UPDATE orders.orders SET status = :status, known_at = now() WHERE id = :id")
_LOCK_ONE = text("SELECT 1 FROM orders.orders WHERE id = :id FOR UPDATE")
_PROGRESS = text(
    """UPDATE orders.order_lines SET fulfilled = fulfilled + :fulfilled,
           delivered = delivered + :delivered, returned = returned + :returned,
           cancelled = cancelled + :cancelled, known_at = now()
       WHERE id = :id"""
)
_WAITING = text(
    """SELECT o.id FROM orders.orders o
       WHERE o.status = 'paid' AND o.checkout_id IS NOT NULL AND EXISTS (
           SELECT 1 FROM orders.order_lines l
           WHERE l.order_id = o.id AND l.variant_id = :variant)
       ORDER BY o.id LIMIT 100"""
)
_BOUGHT = text(
    """SELECT EXISTS (
           SELECT 1 FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
           WHERE o.customer_id = :customer AND o.status <> 'cancelled'
             AND l.product_id = :product)"""
)


def order_of(row: Row[Any]) -> OrderView:
    lines = [OrderLine.model_validate(line) for line in row.lines or []]
    return OrderView(
        id=row.id,
        number=row.number,
        status=row.status,
        customer_id=row.customer_id,
        email=row.email,
        shipping_address=_address(row.shipping_address),
        country=row.country,
        placed_at=row.occurred_at,
        lines=lines,
        subtotal=Money(amount=row.subtotal_amount, currency=row.currency),
        total=Money(amount=row.total_amount, currency=row.currency),
        checkout_id=row.checkout_id,
        billing_address=_address(row.billing_address),
        shipping_method_id=row.shipping_method_id,
        shipping_method=row.shipping_method,
        coupons=row.coupons,
        note=row.note,
        discount=discount_total(lines, row.currency),
        tax=tax_total(lines, row.currency),
        refunded=Money(amount=row.refunded_amount, currency=row.currency),
    )


def _address(stored: Any) -> Address | None:
    return Address.model_validate(stored) if stored else None


async def insert_order(
    connection: AsyncConnection, request: PlaceOrder, *, subtotal: Money, actor: str
) -> PlacedOrder | None:
    """The order and its lines in one statement, under the next number; None when the checkout has
    one already."""
    asked = {
        "first": FIRST_ORDER,
        "id": new_id(),
        "checkout": request.checkout_id,
        "customer": request.customer_id,
        "email": request.email,
        "address": request.shipping_address.model_dump_json(),
        "billing": request.billing_address.model_dump_json() if request.billing_address else None,
        "method_id": request.shipping_method_id,
        "method": request.shipping_method,
        "coupons": json.dumps(request.coupons),
        "note": request.note,
        "country": request.shipping_address.country,
        "entry": new_id(),
        "actor": actor,
        "subtotal": subtotal.amount,
        "total": request.total.amount,
        "currency": request.total.currency,
        "lines": json.dumps([_line(position, line) for position, line in _numbered(request)]),
    }
    row = (await connection.execute(_PLACE, asked)).first()
    return PlacedOrder(order_id=row.id, number=row.number) if row else None


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
        "discount": line.discount.amount if line.discount else None,
        "tax": line.tax.amount if line.tax else None,
        "tax_rate": str(line.tax_rate),
        "tax_included": line.tax_included,
    }


async def find_order(connection: AsyncConnection, order_id: OrderId) -> OrderView | None:
    row = (await connection.execute(_BY_ID, {"id": order_id})).first()
    return order_of(row) if row else None


async def guest_of(connection: AsyncConnection, number: int) -> Row[Any] | None:
    """id, email of a guest's order."""
    return (await connection.execute(_GUEST, {"number": min(number, 2**63 - 1)})).first()


async def find_by_checkout(
    connection: AsyncConnection, checkout_id: CheckoutId
) -> OrderView | None:
    row = (await connection.execute(_BY_CHECKOUT, {"id": checkout_id})).first()
    return order_of(row) if row else None


async def lock_by_checkout(connection: AsyncConnection, checkout_id: CheckoutId) -> Row[Any] | None:
    """id, number, status, total_amount, currency of a locked row."""
    return (await connection.execute(_LOCK, {"checkout": checkout_id})).first()


async def lock_order(connection: Connection, order_id: OrderId) -> OrderView | None:
    """The order as it is, until the end of the transaction; read once the lock is had."""
    connection.later(_LOCK_ONE, {"id": order_id})
    return await find_order(connection, order_id)


async def lock_order_of(connection: Connection, checkout_id: CheckoutId) -> OrderView | None:
    """The same of the checkout it was placed by."""
    connection.later(_LOCK, {"checkout": checkout_id})
    return await find_by_checkout(connection, checkout_id)


async def find_waiting(connection: AsyncConnection, variant_id: VariantId) -> list[UUID]:
    """Paid orders of this shop with a line of the variant, oldest first."""
    found = await connection.execute(_WAITING, {"variant": variant_id})
    return [row.id for row in found]


async def add_progress(
    connection: AsyncConnection,
    line_id: OrderLineId,
    *,
    fulfilled: int = 0,
    delivered: int = 0,
    returned: int = 0,
    cancelled: int = 0,
) -> None:
    """Units of a line that were sent, arrived or came back just now."""
    asked = {
        "id": line_id,
        "fulfilled": fulfilled,
        "delivered": delivered,
        "returned": returned,
        "cancelled": cancelled,
    }
    await connection.execute(_PROGRESS, asked)


def set_status(connection: Connection, order_id: OrderId, status: OrderStatus) -> None:
    connection.later(_STATUS, {"id": order_id, "status": status})


async def has_bought(
    connection: AsyncConnection, *, customer_id: UserId, product_id: ProductId
) -> bool:
    asked = {"customer": customer_id, "product": product_id}
    return bool((await connection.execute(_BOUGHT, asked)).scalar_one())

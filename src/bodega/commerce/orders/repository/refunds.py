"""Money that went back for lines, and from which payments it can come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.tables import orders, refund_lines, refunds, return_lines, returns
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import CheckoutId, OperationId, OrderId, OrderLineId, new_id

_OF_LINES = text(
    """SELECT order_line_id, sum(amount)::bigint AS amount FROM (
           SELECT i.order_line_id, i.refund_amount AS amount FROM orders.refund_lines i
           JOIN orders.refunds r ON r.id = i.refund_id WHERE r.order_id = :order
           UNION ALL
           SELECT i.order_line_id, i.amount FROM orders.return_request_lines i
           JOIN orders.return_requests q ON q.id = i.return_id
           WHERE q.order_id = :order AND q.status = 'closed' AND i.amount IS NOT NULL
       ) AS back GROUP BY 1"""
)
_WITHOUT_GOODS = text(
    """SELECT DISTINCT i.order_line_id FROM orders.refund_lines i
       JOIN orders.refunds r ON r.id = i.refund_id
       JOIN orders.operations e ON e.id = r.operation_id
       WHERE r.order_id = :order AND NOT (e.kind = 'cancel_rest' AND e.state = 'done')"""
)
# An exchanged order was paid by what came back, so its money lies in the payments of that order.
_PAYMENTS = text(
    """WITH RECURSIVE paid AS (
           SELECT o.id, o.checkout_id, 0 AS depth FROM orders.orders o WHERE o.id = :order
           UNION ALL
           SELECT o.id, o.checkout_id, paid.depth + 1
           FROM paid JOIN orders.return_requests q ON q.exchange_order_id = paid.id
           JOIN orders.orders o ON o.id = q.order_id
       )
       SELECT checkout_id, depth FROM (
           SELECT paid.checkout_id, depth, 0 AS place, NULL::timestamptz AS edit FROM paid
           UNION ALL
           SELECT CAST(e.plan ->> 'charge_id' AS uuid), depth, 1, e.started_at
           FROM paid JOIN orders.operations e ON e.order_id = paid.id
           WHERE e.kind = 'edit' AND e.state = 'done' AND e.plan ->> 'charge_id' IS NOT NULL
       ) AS sources WHERE checkout_id IS NOT NULL ORDER BY depth, place, edit"""
)


async def given_back(connection: AsyncConnection, order_id: OrderId) -> dict[OrderLineId, int]:
    """Minor units by line, by refunds and by closed returns."""
    found = await connection.execute(_OF_LINES, {"order": order_id})
    return {row.order_line_id: row.amount for row in found}


async def payment_ids(connection: AsyncConnection, order_id: OrderId) -> dict[CheckoutId, bool]:
    """What the order's payments are filed under, in the order they are given back: its own and its
    edits' (True), then those of what it replaces (False)."""
    found = await connection.execute(_PAYMENTS, {"order": order_id})
    return {row.checkout_id: row.depth == 0 for row in found}


async def insert_refund(
    connection: AsyncConnection,
    *,
    order: OrderView,
    operation_id: OperationId,
    reason: str,
    amounts: Mapping[OrderLineId, int],
) -> None:
    refund_id = new_id()
    head = {"id": refund_id, "order_id": order.id, "operation_id": operation_id, "reason": reason}
    await connection.execute(refunds.insert().values(head))
    rows = [
        {
            "refund_id": refund_id,
            "order_line_id": line_id,
            "refund_amount": amount,
            "refund_currency": order.total.currency,
        }
        for line_id, amount in amounts.items()
    ]
    await connection.execute(refund_lines.insert(), rows)


async def add_refunded(connection: AsyncConnection, order_id: OrderId, amount: int) -> None:
    await connection.execute(
        update(orders)
        .where(orders.c.id == order_id)
        .values(refunded_amount=orders.c.refunded_amount + amount)
    )


async def insert_return(
    connection: AsyncConnection,
    *,
    id: UUID,
    order: OrderView,
    reason: str,
    lines: Sequence[tuple[OrderLine, str, int, int]],
    at: datetime,
) -> None:
    """What the books count as returned: (line, kind, units, minor units of money)."""
    currency = order.total.currency
    head = {
        "id": id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "country": order.country,
        "reason": reason,
        "total_amount": sum(money for *_, money in lines),
        "currency": currency,
        "occurred_at": at,
    }
    await connection.execute(returns.insert().values(head))
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "return_id": id,
            "order_line_id": line.id,
            "kind": kind,
            "product_id": line.product_id,
            "variant_id": line.variant_id,
            "sku": line.sku,
            "title": line.title,
            "quantity": units,
            "unit_price_amount": line.unit_price.amount,
            "total_amount": money,
            "currency": currency,
            "occurred_at": at,
        }
        for line, kind, units, money in lines
    ]
    await connection.execute(return_lines.insert(), rows)


async def paid_without_goods(connection: AsyncConnection, order_id: OrderId) -> set[OrderLineId]:
    """Lines for which money went back while their goods stayed with the buyer."""
    found = await connection.execute(_WITHOUT_GOODS, {"order": order_id})
    return {row.order_line_id for row in found}


async def has_refunds(connection: AsyncConnection, line_ids: Sequence[OrderLineId]) -> bool:
    chosen = select(refund_lines.c.refund_id).where(refund_lines.c.order_line_id.in_(line_ids))
    return (await connection.execute(chosen.limit(1))).first() is not None

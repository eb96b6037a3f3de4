"""Returns on their way: requested, decided, received, settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.tables import return_request_lines, return_requests
from bodega.contracts.aftersales import ReturnedLine, ReturnLine, ReturnStatus, ReturnView
from bodega.kernel.ids import OrderId, OrderLineId, ReturnId
from bodega.kernel.money import Money

_FIND = """
    SELECT q.*, o.number AS order_number, (SELECT jsonb_agg(jsonb_build_object(
            'line_id', l.id, 'sku', l.sku, 'title', l.title, 'quantity', i.quantity,
            'reason', i.reason, 'exchange_variant_id', i.exchange_variant_id,
            'received', i.received, 'restocked', i.restocked, 'written_off', i.written_off,
            'amount', CASE WHEN i.amount IS NOT NULL THEN
                jsonb_build_object('amount', i.amount, 'currency', q.currency) END
        ) ORDER BY l.position)
        FROM orders.return_request_lines i JOIN orders.order_lines l ON l.id = i.order_line_id
        WHERE i.return_id = q.id) AS lines
    FROM orders.return_requests q JOIN orders.orders o ON o.id = q.order_id
"""
_ONE = text(_FIND + "WHERE q.id = :id")
_OF_ORDER = text(_FIND + "WHERE q.order_id = :id ORDER BY q.id")
_LIST = text(
    _FIND
    + """WHERE (CAST(:status AS text) IS NULL OR q.status = :status)
         AND (CAST(:after_at AS timestamptz) IS NULL
           OR (q.requested_at, q.id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
         ORDER BY q.requested_at DESC, q.id DESC LIMIT :limit"""
)
_LOCK = text("SELECT order_id FROM orders.return_requests WHERE id = :id")
_OPEN = text(
    """SELECT i.order_line_id, sum(i.quantity)::int AS units
       FROM orders.return_request_lines i JOIN orders.return_requests q ON q.id = i.return_id
       WHERE q.order_id = :order AND q.status IN ('requested', 'approved', 'received') GROUP BY 1"""
)


def _return(row: Row[Any]) -> ReturnView:
    amount = None if row.amount is None else Money(amount=row.amount, currency=row.currency)
    return ReturnView(
        id=row.id,
        number=row.number,
        order_id=row.order_id,
        order_number=row.order_number,
        status=row.status,
        note=row.note,
        decision_note=row.decision_note,
        requested_at=row.requested_at,
        closed_at=row.closed_at,
        amount=amount,
        exchange_order_id=row.exchange_order_id,
        lines=[ReturnedLine.model_validate(line) for line in row.lines or []],
    )


async def insert_return_request(
    connection: AsyncConnection,
    *,
    id: ReturnId,
    number: int,
    order_id: OrderId,
    currency: str,
    note: str,
    lines: Sequence[ReturnLine],
    at: datetime,
) -> None:
    head = {
        "id": id,
        "number": number,
        "order_id": order_id,
        "status": "requested",
        "note": note,
        "currency": currency,
        "requested_at": at,
    }
    await connection.execute(return_requests.insert().values(head))
    rows = [
        {
            "return_id": id,
            "order_line_id": line.line_id,
            "quantity": line.quantity,
            "reason": line.reason,
            "exchange_variant_id": line.exchange_variant_id,
        }
        for line in lines
    ]
    await connection.execute(return_request_lines.insert(), rows)


async def order_of(connection: AsyncConnection, id: ReturnId) -> OrderId | None:
    found: OrderId | None = (await connection.execute(_LOCK, {"id": id})).scalar_one_or_none()
    return found


async def find_return(connection: AsyncConnection, id: UUID) -> ReturnView | None:
    row = (await connection.execute(_ONE, {"id": id})).first()
    return _return(row) if row else None


async def find_returns_of(connection: AsyncConnection, order_id: OrderId) -> list[ReturnView]:
    return [_return(row) for row in await connection.execute(_OF_ORDER, {"id": order_id})]


async def find_returns(
    connection: AsyncConnection,
    *,
    limit: int,
    status: ReturnStatus | None,
    after: tuple[datetime, UUID] | None,
) -> list[ReturnView]:
    after_at, after_id = after or (None, None)
    asked = {"status": status, "after_at": after_at, "after_id": after_id, "limit": limit}
    return [_return(row) for row in await connection.execute(_LIST, asked)]


async def units_under_way(
    connection: AsyncConnection, order_id: OrderId
) -> Mapping[OrderLineId, int]:
    """Units of returns that are neither settled nor refused, by line."""
    found = await connection.execute(_OPEN, {"order": order_id})
    return {row.order_line_id: row.units for row in found}


async def change_return(connection: AsyncConnection, id: ReturnId, **changes: Any) -> None:
    await connection.execute(
        update(return_requests).where(return_requests.c.id == id).values(changes)
    )


async def change_line(
    connection: AsyncConnection, id: ReturnId, line_id: OrderLineId, **changes: Any
) -> None:
    await connection.execute(
        update(return_request_lines)
        .where(
            return_request_lines.c.return_id == id,
            return_request_lines.c.order_line_id == line_id,
        )
        .values(changes)
    )

"""What happened to an order: rows that are only ever added."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.orders.tables import history
from bodega.contracts.orders import OrderChange, OrderStatus
from bodega.kernel.ids import OrderId, new_id

_ADD = text(
    """INSERT INTO orders.history
           (id, order_id, kind, status_before, status_after, actor, reason, reference)
       VALUES (:id, :order_id, :kind, :status_before, :status_after, :actor, :reason, :reference)"""
)


def add_entry(
    connection: Connection,
    order_id: OrderId,
    kind: str,
    *,
    actor: str,
    before: OrderStatus | None = None,
    after: OrderStatus | None = None,
    reason: str | None = None,
    reference: UUID | None = None,
) -> None:
    row = {
        "id": new_id(),
        "order_id": order_id,
        "kind": kind,
        "status_before": before,
        "status_after": after,
        "actor": actor,
        "reason": reason,
        "reference": reference,
    }
    connection.later(_ADD, row)


async def find_entries(connection: AsyncConnection, order_id: OrderId) -> list[OrderChange]:
    found = await connection.execute(
        select(history).where(history.c.order_id == order_id).order_by(history.c.id)
    )
    return [
        OrderChange(
            at=row.at,
            kind=row.kind,
            before=row.status_before,
            after=row.status_after,
            actor=row.actor,
            reason=row.reason,
            reference=row.reference,
        )
        for row in found
    ]

"""Purchase orders, their lines and receipts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.tables import (
    purchase_lines,
    purchases,
    receipt_lines,
    receipts,
    suppliers,
)
from bodega.contracts.buying import (
    PurchaseLine,
    PurchaseStatus,
    PurchaseView,
    ReceiptLine,
    ReceiptView,
)
from bodega.kernel.ids import PurchaseId, new_id
from bodega.kernel.money import Money

_PURCHASES = select(purchases, suppliers.c.name.label("supplier")).join(
    suppliers, suppliers.c.id == purchases.c.supplier_id
)


async def insert_purchase(
    connection: AsyncConnection, values: Mapping[str, Any], lines: Sequence[PurchaseLine]
) -> None:
    await connection.execute(insert(purchases).values(**values))
    rows = [
        {
            "purchase_id": values["id"],
            "variant_id": line.variant_id,
            "quantity": line.quantity,
            "cost_amount": line.cost.amount,
            "cost_currency": line.cost.currency,
        }
        for line in lines
    ]
    await connection.execute(insert(purchase_lines), rows)


async def find_purchases(
    connection: AsyncConnection,
    *,
    limit: int,
    after: UUID | None,
    status: PurchaseStatus | None,
) -> list[PurchaseView]:
    """Newest first."""
    query = _PURCHASES.order_by(purchases.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(purchases.c.id < after)
    if status is not None:
        query = query.where(purchases.c.status == status)
    return await _whole(connection, (await connection.execute(query)).all())


async def find_purchase(
    connection: AsyncConnection, purchase_id: PurchaseId, *, lock: bool = False
) -> PurchaseView | None:
    query = _PURCHASES.where(purchases.c.id == purchase_id)
    locked = query.with_for_update(of=purchases) if lock else query
    found = await _whole(connection, (await connection.execute(locked)).all())
    return found[0] if found else None


async def _whole(connection: AsyncConnection, rows: Sequence[Any]) -> list[PurchaseView]:
    ids = [row.id for row in rows]
    lines = await _lines(connection, ids)
    came = await _receipts(connection, ids)
    return [
        PurchaseView.model_validate(
            {**row._mapping, "lines": lines.get(row.id, []), "receipts": came.get(row.id, [])}
        )
        for row in rows
    ]


async def _lines(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> dict[UUID, list[PurchaseLine]]:
    table = purchase_lines.c
    query = select(purchase_lines).where(table.purchase_id.in_(ids)).order_by(table.variant_id)
    found: dict[UUID, list[PurchaseLine]] = {}
    for row in await connection.execute(query):
        cost = Money(amount=row.cost_amount, currency=row.cost_currency)
        line = PurchaseLine(
            variant_id=row.variant_id, quantity=row.quantity, received=row.received, cost=cost
        )
        found.setdefault(row.purchase_id, []).append(line)
    return found


async def _receipts(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> dict[UUID, list[ReceiptView]]:
    query = (
        select(receipts, receipt_lines.c.variant_id, receipt_lines.c.quantity)
        .join(receipt_lines, receipt_lines.c.receipt_id == receipts.c.id)
        .where(receipts.c.purchase_id.in_(ids))
        .order_by(receipts.c.id, receipt_lines.c.variant_id)
    )
    views: dict[UUID, ReceiptView] = {}
    found: dict[UUID, list[ReceiptView]] = {}
    for row in await connection.execute(query):
        if row.id not in views:
            views[row.id] = ReceiptView(
                received_at=row.received_at, actor=row.actor, note=row.note, lines=[]
            )
            found.setdefault(row.purchase_id, []).append(views[row.id])
        views[row.id].lines.append(ReceiptLine(variant_id=row.variant_id, quantity=row.quantity))
    return found


async def update_purchase(
    connection: AsyncConnection, purchase_id: PurchaseId, values: Mapping[str, Any]
) -> None:
    where = purchases.c.id == purchase_id
    await connection.execute(update(purchases).where(where).values(**values))


async def insert_receipt(
    connection: AsyncConnection, values: Mapping[str, Any], units: Mapping[UUID, int]
) -> None:
    """A receipt, and its units on the lines of the order."""
    receipt_id, table = new_id(), purchase_lines.c
    await connection.execute(insert(receipts).values(id=receipt_id, **values))
    for variant_id, quantity in units.items():
        row = {"receipt_id": receipt_id, "variant_id": variant_id, "quantity": quantity}
        await connection.execute(insert(receipt_lines).values(**row))
        where = (table.purchase_id == values["purchase_id"]) & (table.variant_id == variant_id)
        await connection.execute(
            update(purchase_lines).where(where).values(received=table.received + quantity)
        )

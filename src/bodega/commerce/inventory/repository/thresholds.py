"""Levels one by one: their figures for staff, their thresholds, and what runs low."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.repository.levels import ALLOWANCE
from bodega.commerce.inventory.tables import levels
from bodega.contracts.warehouse import LevelDetail, LowStock
from bodega.kernel.ids import VariantId

_DETAILS = text(
    f"""SELECT l.variant_id, l.location, p.id AS location_id, l.on_hand, l.allocated, h.held,
           CASE WHEN p.active THEN greatest(0, l.on_hand + {ALLOWANCE} - l.allocated
               - l.safety_stock - h.held) ELSE 0 END AS available,
           l.safety_stock, l.reorder_point, l.reorder_quantity, l.backorder, l.allowance,
           l.available_on
       FROM inventory.levels l JOIN inventory.locations p ON p.code = l.location
       CROSS JOIN LATERAL (
           SELECT coalesce(sum(r.quantity), 0)::int AS held FROM inventory.reservations r
           WHERE r.variant_id = l.variant_id AND r.location = l.location
             AND r.status = 'held' AND r.expires_at > :now) AS h
       WHERE l.variant_id = :variant ORDER BY p.priority, p.code"""  # noqa: S608
)
_LOW = text(
    """SELECT variant_id, location, on_hand, allocated, reorder_point, reorder_quantity
       FROM inventory.levels
       WHERE reorder_point > 0 AND on_hand - allocated <= reorder_point
       ORDER BY on_hand - allocated - reorder_point, variant_id LIMIT :limit"""
)


async def find_details(
    connection: AsyncConnection, variant_id: VariantId, *, now: datetime
) -> list[LevelDetail]:
    asked = {"variant": variant_id, "now": now, "today": now.date()}
    rows = await connection.execute(_DETAILS, asked)
    return [LevelDetail.model_validate(dict(row._mapping)) for row in rows]


async def update_thresholds(
    connection: AsyncConnection, variant_id: UUID, location: str, values: Mapping[str, Any]
) -> bool:
    """False when there is no such level."""
    table = levels.c
    statement = update(levels).where(table.variant_id == variant_id, table.location == location)
    return (await connection.execute(statement.values(**values))).rowcount == 1


async def find_low(connection: AsyncConnection, *, limit: int) -> list[LowStock]:
    """Levels at their reorder point or below, the worst first."""
    rows = await connection.execute(_LOW, {"limit": limit})
    return [LowStock.model_validate(dict(row._mapping)) for row in rows]

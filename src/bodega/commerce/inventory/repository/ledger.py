"""The ledger of movements: read newest first, and held against the levels."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.tables import movements
from bodega.contracts.warehouse import MovementView, StockDiscrepancy
from bodega.kernel.ids import VariantId
from bodega.kernel.money import Money

_COUNT = text("SELECT count(*) FROM inventory.levels")
# One statement sees one instant, and every movement commits with its level: nothing is torn.
_DIFFERENCES = text(
    """WITH ledger AS (
           SELECT variant_id, location, sum(quantity) AS on_hand, sum(promised) AS allocated
           FROM inventory.movements GROUP BY variant_id, location),
       promises AS (
           SELECT variant_id, location, sum(quantity - sent) AS units
           FROM inventory.allocations WHERE sent < quantity GROUP BY variant_id, location)
       SELECT variant_id, location, l.on_hand, l.allocated,
           coalesce(g.on_hand, 0) AS ledger_on_hand, coalesce(g.allocated, 0) AS ledger_allocated,
           coalesce(p.units, 0) AS promised
       FROM inventory.levels l FULL JOIN ledger g USING (variant_id, location)
           FULL JOIN promises p USING (variant_id, location)
       WHERE l.on_hand IS DISTINCT FROM coalesce(g.on_hand, 0)
          OR l.allocated IS DISTINCT FROM coalesce(g.allocated, 0)
          OR l.allocated IS DISTINCT FROM coalesce(p.units, 0)
       ORDER BY variant_id, location LIMIT :limit"""
)


async def find_movements(
    connection: AsyncConnection,
    *,
    limit: int,
    variant_id: VariantId | None,
    after: tuple[datetime, UUID] | None,
) -> list[tuple[MovementView, UUID]]:
    """Newest first, each with its id."""
    table = movements.c
    query = select(movements).order_by(table.occurred_at.desc(), table.id.desc()).limit(limit)
    if variant_id is not None:
        query = query.where(table.variant_id == variant_id)
    if after is not None:
        query = query.where(tuple_(table.occurred_at, table.id) < tuple_(*after))
    return [
        (
            MovementView(
                variant_id=row.variant_id,
                location=row.location,
                quantity=row.quantity,
                promised=row.promised,
                reason=row.reason,
                reference_id=str(row.reference_id) if row.reference_id else None,
                unit_cost=Money(amount=row.unit_cost_amount, currency=row.unit_cost_currency)
                if row.unit_cost_currency
                else None,
                actor=row.actor,
                occurred_at=row.occurred_at,
            ),
            row.id,
        )
        for row in await connection.execute(query)
    ]


async def count_levels(connection: AsyncConnection) -> int:
    return int((await connection.execute(_COUNT)).scalar_one())


async def find_differences(connection: AsyncConnection, *, limit: int) -> list[StockDiscrepancy]:
    """Levels that the ledger or the open promises say otherwise of."""
    return [
        StockDiscrepancy(
            variant_id=row.variant_id,
            location=row.location,
            on_hand=row.on_hand,
            on_hand_by_ledger=int(row.ledger_on_hand),
            allocated=row.allocated,
            allocated_by_ledger=int(row.ledger_allocated),
            allocated_by_promises=int(row.promised),
        )
        for row in await connection.execute(_DIFFERENCES, {"limit": limit})
    ]

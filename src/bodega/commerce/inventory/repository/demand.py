"""How fast stock goes, what is on its way, and who would deliver more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.domain import Need, Terms
from bodega.kernel.ids import LocationId, SupplierId

# A promise without a movement on hand is demand; one let go again takes it back.
_NEEDS = text(
    """WITH demand AS (
           SELECT variant_id, location, sum(promised) AS units FROM inventory.movements
           WHERE occurred_at > :since AND quantity = 0 GROUP BY variant_id, location),
       coming AS (
           SELECT o.variant_id, p.location, sum(o.quantity - o.received) AS units
           FROM inventory.purchases p JOIN inventory.purchase_lines o ON o.purchase_id = p.id
           WHERE p.status IN ('draft', 'ordered', 'partially_received') GROUP BY 1, 2
           UNION ALL
           SELECT m.variant_id, t.destination, sum(m.quantity - m.received)
           FROM inventory.transfers t JOIN inventory.transfer_lines m ON m.transfer_id = t.id
           WHERE t.status = 'in_transit' GROUP BY 1, 2),
       on_order AS (
           SELECT variant_id, location, sum(units) AS units FROM coming GROUP BY 1, 2)
       SELECT l.variant_id, l.location, p.id AS location_id, l.on_hand - l.allocated AS free,
           coalesce(o.units, 0) AS on_order, greatest(0, coalesce(d.units, 0)) AS promised,
           l.safety_stock, l.reorder_point, l.reorder_quantity,
           s.supplier_id, s.supplier, s.lead_days, s.pack_size, s.min_quantity
       FROM inventory.levels l JOIN inventory.locations p ON p.code = l.location AND p.active
       LEFT JOIN demand d ON d.variant_id = l.variant_id AND d.location = l.location
       LEFT JOIN on_order o ON o.variant_id = l.variant_id AND o.location = l.location
       LEFT JOIN LATERAL (
           SELECT s.id AS supplier_id, s.name AS supplier, s.lead_days, f.pack_size, f.min_quantity
           FROM inventory.offers f JOIN inventory.suppliers s ON s.id = f.supplier_id AND s.active
           WHERE f.variant_id = l.variant_id
           ORDER BY f.preferred DESC, s.lead_days, s.code LIMIT 1) AS s ON true
       WHERE l.reorder_point > 0 OR coalesce(d.units, 0) > 0 OR l.on_hand < l.allocated
       ORDER BY l.variant_id, l.location"""
)

Connection = AsyncConnection


@dataclass(frozen=True, slots=True)
class Shelf:
    """A level that may need more, and its best supplier if there is one."""

    variant_id: UUID
    location: str
    location_id: LocationId
    on_order: int
    need: Need
    terms: Terms
    supplier_id: SupplierId | None
    supplier: str | None


async def find_needs(
    connection: AsyncConnection, *, since: datetime, days: int, lead_days: int
) -> list[Shelf]:
    """Levels with a reorder point, demand since the instant, or promises they cannot keep;
    `lead_days` where no supplier says."""
    rows = await connection.execute(_NEEDS, {"since": since})
    return [_shelf(row, days=days, lead_days=lead_days) for row in rows]


def _shelf(row: Row[Any], *, days: int, lead_days: int) -> Shelf:
    need = Need(
        position=int(row.free + row.on_order),
        promised=int(row.promised),
        days=days,
        safety_stock=row.safety_stock,
        reorder_point=row.reorder_point,
        reorder_quantity=row.reorder_quantity,
    )
    terms = Terms(lead_days)
    if row.supplier_id is not None:
        terms = Terms(row.lead_days, row.pack_size, row.min_quantity)
    return Shelf(
        variant_id=row.variant_id,
        location=row.location,
        location_id=row.location_id,
        on_order=int(row.on_order),
        need=need,
        terms=terms,
        supplier_id=row.supplier_id,
        supplier=row.supplier,
    )

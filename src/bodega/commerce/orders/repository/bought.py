"""How many units of a variant a buyer has ordered and kept."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.contracts.orders import BoughtUnits
from bodega.kernel.ids import UserId, VariantId

_UNITS = text(
    """WITH asked AS (
           SELECT * FROM unnest(CAST(:variants AS uuid[]), CAST(:since AS timestamptz[]))
               AS a(variant_id, since))
       SELECT l.variant_id, o.checkout_id, CAST(sum(
           CASE WHEN o.status = 'cancelled' THEN 0 ELSE
               l.quantity - l.returned - l.cancelled END) AS bigint) AS units
       FROM orders.orders o
       JOIN orders.order_lines l ON l.order_id = o.id AND l.kind = 'product'
       JOIN asked a ON a.variant_id = l.variant_id
            AND (a.since IS NULL OR o.occurred_at >= a.since)
       WHERE o.customer_id = CAST(:customer AS uuid) OR lower(o.email) = lower(CAST(:email AS text))
       GROUP BY l.variant_id, o.checkout_id, o.id"""
)


async def find_units(
    connection: AsyncConnection,
    *,
    customer_id: UserId | None,
    email: str | None,
    since: Mapping[VariantId, datetime | None],
) -> list[BoughtUnits]:
    asked = {
        "variants": list(since),
        "since": list(since.values()),
        "customer": customer_id,
        "email": email,
    }
    return [
        BoughtUnits(variant_id=row.variant_id, checkout_id=row.checkout_id, units=row.units)
        for row in await connection.execute(_UNITS, asked)
    ]

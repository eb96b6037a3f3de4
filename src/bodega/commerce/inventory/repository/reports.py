"""Reports, each one query over the ledger: layers first in first out, averages, times without."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.contracts.warehouse import StockSummary

# The units there are (on hand or between locations) are those that came last. What one cost that
# came without a cost (a return, a count) nobody knows, whatever others of its kind cost.
_LAYERS = """WITH coming AS (
           SELECT m.variant_id, sum(m.quantity - m.received) AS units FROM inventory.transfers t
           JOIN inventory.transfer_lines m ON m.transfer_id = t.id
           WHERE t.status = 'in_transit' GROUP BY m.variant_id),
       stock AS (
           SELECT l.variant_id, sum(l.on_hand) + coalesce(max(c.units), 0) AS units
           FROM inventory.levels l LEFT JOIN coming c USING (variant_id) GROUP BY l.variant_id),
       inbound AS (
           SELECT variant_id, quantity, occurred_at, unit_cost_amount, unit_cost_currency,
               sum(quantity) OVER (PARTITION BY variant_id ORDER BY occurred_at DESC, id DESC)
                   AS upto
           FROM inventory.movements WHERE quantity > 0 AND reason <> 'transfer_in'),
       layers AS (
           SELECT i.variant_id, least(i.quantity, s.units - (i.upto - i.quantity)) AS units,
               i.occurred_at, i.unit_cost_amount AS cost, i.unit_cost_currency AS currency
           FROM inbound i JOIN stock s USING (variant_id)
           WHERE i.upto - i.quantity < s.units)"""
_VALUATION = text(
    f"""{_LAYERS}
       SELECT variant_id, sum(units)::bigint AS units, currency,
           (sum(units * cost))::bigint AS value
       FROM layers GROUP BY variant_id, currency
       ORDER BY value DESC NULLS LAST, variant_id"""  # noqa: S608
)
_AGEING = text(
    f"""{_LAYERS}, aged AS (
           SELECT *, extract(epoch FROM (CAST(:now AS timestamptz) - occurred_at)) / 86400 AS days
           FROM layers)
       SELECT variant_id, sum(units)::bigint AS units,
           coalesce(sum(units) FILTER (WHERE days <= 30), 0)::bigint AS days_0_30,
           coalesce(sum(units) FILTER (WHERE days > 30 AND days <= 90), 0)::bigint
               AS days_31_90,
           coalesce(sum(units) FILTER (WHERE days > 90 AND days <= 180), 0)::bigint
               AS days_91_180,
           coalesce(sum(units) FILTER (WHERE days > 180 AND days <= 365), 0)::bigint
               AS days_181_365,
           coalesce(sum(units) FILTER (WHERE days > 365), 0)::bigint AS days_over_365,
           min(occurred_at) AS oldest_at
       FROM aged GROUP BY variant_id ORDER BY oldest_at, variant_id LIMIT :limit"""  # noqa: S608
)
# The average over time: what was there at the start, and each movement for the rest of the period.
_TURNOVER = text(
    """WITH figures AS (
           SELECT variant_id, sum(quantity) AS on_hand,
               coalesce(-sum(quantity) FILTER (
                   WHERE reason = 'sale' AND occurred_at > :since), 0) AS sent,
               sum(CASE WHEN occurred_at <= :since THEN quantity ELSE quantity
                   * extract(epoch FROM (CAST(:until AS timestamptz) - occurred_at))
                   / extract(epoch FROM (CAST(:until AS timestamptz)
                       - CAST(:since AS timestamptz))) END) AS average
           FROM inventory.movements WHERE occurred_at <= :until AND quantity <> 0
           GROUP BY variant_id)
       SELECT variant_id, sent::bigint, round(average, 2) AS average_on_hand,
           CASE WHEN average > 0 THEN round(sent / average, 2) END AS turnover,
           CASE WHEN sent > 0 THEN round(on_hand * extract(epoch FROM (
               CAST(:until AS timestamptz) - CAST(:since AS timestamptz))) / 86400 / sent, 1) END
               AS days_of_stock
       FROM figures WHERE sent > 0 OR average > 0
       ORDER BY sent DESC, variant_id LIMIT :limit"""
)
_STOCK_OUTS = text(
    """WITH moves AS (
           SELECT variant_id, occurred_at,
               sum(quantity - promised) OVER (
                   PARTITION BY variant_id ORDER BY occurred_at, id) AS free,
               coalesce(lead(occurred_at) OVER (
                   PARTITION BY variant_id ORDER BY occurred_at, id), :until) AS ended_at
           FROM inventory.movements WHERE occurred_at < :until),
       gaps AS (
           SELECT variant_id, ended_at = :until AS still, extract(epoch FROM (
               ended_at - greatest(occurred_at, CAST(:since AS timestamptz)))) AS seconds
           FROM moves WHERE free <= 0 AND ended_at > :since)
       SELECT variant_id, round(sum(seconds) / 86400, 1) AS days, bool_or(still) AS still,
           round(sum(seconds) / extract(epoch FROM (
               CAST(:until AS timestamptz) - CAST(:since AS timestamptz))), 3) AS share
       FROM gaps GROUP BY variant_id HAVING sum(seconds) > 0
       ORDER BY sum(seconds) DESC, variant_id LIMIT :limit"""
)
_SUMMARY = text(
    """SELECT count(*) AS variants, coalesce(sum(on_hand), 0)::bigint AS on_hand,
           coalesce(sum(allocated), 0)::bigint AS allocated,
           coalesce(sum(owed), 0)::bigint AS backordered,
           count(*) FILTER (WHERE on_hand <= allocated) AS sold_out
       FROM (SELECT sum(on_hand) AS on_hand, sum(allocated) AS allocated,
                 sum(greatest(0, allocated - on_hand)) AS owed
             FROM inventory.levels GROUP BY variant_id) AS variant"""
)


async def find_valuation(connection: AsyncConnection) -> list[Row[Any]]:
    """A row a variant and currency; without a currency, units of no known cost."""
    return list((await connection.execute(_VALUATION)).all())


async def find_ageing(
    connection: AsyncConnection, *, now: datetime, limit: int | None
) -> list[dict[str, Any]]:
    """The longest there first."""
    rows = await connection.execute(_AGEING, {"now": now, "limit": limit})
    return [dict(row._mapping) for row in rows]


async def find_turnover(
    connection: AsyncConnection, *, since: datetime, until: datetime, limit: int | None
) -> list[dict[str, Any]]:
    """The most sent first."""
    rows = await connection.execute(_TURNOVER, {"since": since, "until": until, "limit": limit})
    return [dict(row._mapping) for row in rows]


async def find_stock_outs(
    connection: AsyncConnection, *, since: datetime, until: datetime, limit: int | None
) -> list[dict[str, Any]]:
    """The longest without first."""
    rows = await connection.execute(_STOCK_OUTS, {"since": since, "until": until, "limit": limit})
    return [dict(row._mapping) for row in rows]


async def find_summary(connection: AsyncConnection) -> StockSummary:
    """Without values: those come from the valuation."""
    row = (await connection.execute(_SUMMARY)).one()
    return StockSummary(**row._mapping, value=[], uncosted=0)

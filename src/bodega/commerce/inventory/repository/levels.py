"""Levels: locked in one fixed order, read for pages, moved together with the ledger."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.inventory.domain import MAIN, MAIN_ID, Change, Level, Place, Spot
from bodega.contracts.inventory import Availability, StockLevel
from bodega.kernel.ids import CheckoutId, VariantId, new_id

# What may be promised beyond the units on hand: a backorder's allowance always, a pre-order's until
# its day. `:today` is UTC.
ALLOWANCE = """CASE WHEN l.backorder = 'backorder'
       OR (l.backorder = 'preorder' AND l.available_on > :today) THEN l.allowance ELSE 0 END"""
_LOCKED = f"""SELECT l.variant_id, l.location, l.on_hand, l.allocated, l.safety_stock,
       l.reorder_point, {ALLOWANCE} AS allowance,
       CASE WHEN l.backorder = 'preorder' THEN l.available_on END AS sent_from,
       p.country, p.serves, p.priority, p.active
FROM inventory.levels l JOIN inventory.locations p ON p.code = l.location
WHERE l.variant_id {{which}} ORDER BY l.variant_id, l.location FOR UPDATE OF l"""  # noqa: S608
_LOCK = text(_LOCKED.format(which="= ANY(:ids)"))
_LOCK_OF_CHECKOUT = text(
    _LOCKED.format(
        which="""IN (SELECT variant_id FROM inventory.reservations WHERE checkout_id = :checkout
             UNION SELECT variant_id FROM inventory.allocations WHERE checkout_id = :checkout)"""
    )
)
_LEFT = f"""l.on_hand + {ALLOWANCE} - l.allocated - l.safety_stock - coalesce(
        (SELECT sum(r.quantity) FROM inventory.reservations r
         WHERE r.variant_id = l.variant_id AND r.location = l.location
           AND r.status = 'held' AND r.expires_at > :now), 0)"""  # noqa: S608
_LEVELS = text(
    f"""SELECT l.variant_id, sum(l.on_hand) AS on_hand, sum(l.allocated) AS allocated,
           sum(CASE WHEN p.active THEN greatest(0, {_LEFT}) ELSE 0 END) AS available
       FROM inventory.levels l JOIN inventory.locations p ON p.code = l.location
       WHERE (CAST(:ids AS uuid[]) IS NULL OR l.variant_id = ANY(:ids))
         AND (CAST(:after AS uuid) IS NULL OR l.variant_id > CAST(:after AS uuid))
       GROUP BY l.variant_id ORDER BY l.variant_id LIMIT :limit"""  # noqa: S608
)
_AVAILABILITY = text(
    f"""SELECT variant_id, sum(greatest(0, units)) AS available,
           sum(greatest(0, units - allowance)) AS in_stock,
           max(backorder) FILTER (WHERE allowance > 0) AS backorder,
           min(available_on) FILTER (WHERE allowance > 0) AS available_on
       FROM (SELECT l.variant_id, l.backorder, l.available_on, {ALLOWANCE} AS allowance,
                    {_LEFT} AS units
             FROM inventory.levels l JOIN inventory.locations p ON p.code = l.location
             WHERE p.active AND l.variant_id = ANY(:ids)) AS level
       GROUP BY variant_id"""  # noqa: S608
)
_OPEN_MAIN = text(
    """INSERT INTO inventory.locations (id, code, name, kind)
       VALUES (:id, :code, 'Main', 'warehouse') ON CONFLICT DO NOTHING"""
)
_OPEN_LEVELS = text(
    """INSERT INTO inventory.levels (variant_id, location, on_hand)
       SELECT variant_id, CAST(:location AS text), 0
       FROM unnest(CAST(:ids AS uuid[])) AS t(variant_id)
       ORDER BY variant_id ON CONFLICT DO NOTHING"""
)
_MOVE = text(
    """WITH change AS (
           SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]),
               CAST(:locations AS text[]), CAST(:quantities AS int[]), CAST(:promises AS int[]),
               CAST(:costs AS bigint[]), CAST(:currencies AS text[]))
           AS t(id, variant_id, location, quantity, promised, cost, currency)),
       ledger AS (
           INSERT INTO inventory.movements (id, variant_id, location, quantity, promised, reason,
               reference_id, occurred_at, unit_cost_amount, unit_cost_currency, actor)
           SELECT id, variant_id, location, quantity, promised, :reason,
               CAST(:reference AS uuid), :at, cost, currency, :actor FROM change)
       UPDATE inventory.levels l SET on_hand = l.on_hand + c.quantity,
           allocated = l.allocated + c.promised, known_at = now()
       FROM change c WHERE l.variant_id = c.variant_id AND l.location = c.location"""
)


async def lock_levels(
    connection: AsyncConnection, variant_ids: Iterable[UUID], *, today: date
) -> dict[Spot, Level]:
    """Every level of the variants; the rows stay locked until the transaction ends, taken in the
    order of variant and location that every command keeps to."""
    asked = {"ids": list(variant_ids), "today": today}
    return _by_spot(await connection.execute(_LOCK, asked))


def locking(
    connection: Connection, variant_ids: Iterable[UUID], *, today: date
) -> Callable[[], dict[Spot, Level]]:
    """The same by the way of the next statement, which sees what was committed before the lock."""
    locked = connection.ahead(_LOCK, {"ids": list(variant_ids), "today": today})
    return lambda: _by_spot(locked.answer)


async def lock_levels_of(
    connection: AsyncConnection, checkout_id: CheckoutId, *, today: date
) -> dict[Spot, Level]:
    """Every level of what the checkout holds or was promised, locked in the same order."""
    asked = {"checkout": checkout_id, "today": today}
    return _by_spot(await connection.execute(_LOCK_OF_CHECKOUT, asked))


def locking_of(
    connection: Connection, checkout_id: CheckoutId, *, today: date
) -> Callable[[], dict[Spot, Level]]:
    """The same by the way of the next statement."""
    locked = connection.ahead(_LOCK_OF_CHECKOUT, {"checkout": checkout_id, "today": today})
    return lambda: _by_spot(locked.answer)


def _by_spot(rows: Iterable[Row[Any]]) -> dict[Spot, Level]:
    return {(row.variant_id, row.location): _level(row) for row in rows}


def _level(row: Row[Any]) -> Level:
    place = Place(row.location, row.country, tuple(row.serves), row.priority, row.active)
    return Level(
        variant_id=row.variant_id,
        place=place,
        on_hand=row.on_hand,
        allocated=row.allocated,
        safety_stock=row.safety_stock,
        allowance=row.allowance,
        reorder_point=row.reorder_point,
        sent_from=row.sent_from,
    )


async def find_levels(
    connection: AsyncConnection,
    *,
    now: datetime,
    limit: int,
    ids: Sequence[VariantId] | None = None,
    after: UUID | None = None,
) -> list[StockLevel]:
    """Variants with all their locations together, in the order of ids."""
    asked = {
        "now": now,
        "today": now.date(),
        "ids": list(ids) if ids is not None else None,
        "after": after,
        "limit": limit,
    }
    return [
        StockLevel(
            variant_id=row.variant_id,
            on_hand=int(row.on_hand),
            available=int(row.available),
            allocated=int(row.allocated),
        )
        for row in await connection.execute(_LEVELS, asked)
    ]


async def find_availability(
    connection: AsyncConnection, variant_ids: Sequence[VariantId], *, now: datetime
) -> list[Availability]:
    asked = {"ids": list(variant_ids), "now": now, "today": now.date()}
    return [
        Availability(
            variant_id=row.variant_id,
            available=int(row.available),
            in_stock=int(row.in_stock),
            backorder=row.backorder or "none",
            available_on=row.available_on,
        )
        for row in await connection.execute(_AVAILABILITY, asked)
    ]


async def open_levels(
    connection: AsyncConnection, variant_ids: Iterable[UUID], location: str
) -> None:
    """Variants without a level at the location get an empty one."""
    asked = {"ids": list(variant_ids), "location": location}
    await connection.execute(_OPEN_LEVELS, asked)


async def open_main(connection: AsyncConnection) -> None:
    """The default location exists, whatever was emptied."""
    await connection.execute(_OPEN_MAIN, {"id": MAIN_ID, "code": MAIN})


def move(
    connection: Connection,
    changes: Sequence[Change],
    *,
    reason: str,
    reference_id: UUID | None,
    at: datetime,
    actor: str,
) -> None:
    """Change locked levels, each with its row in the ledger; one statement. A spot comes once."""
    asked = {
        "ids": [new_id() for _ in changes],
        "variants": [change.variant_id for change in changes],
        "locations": [change.location for change in changes],
        "quantities": [change.quantity for change in changes],
        "promises": [change.promised for change in changes],
        "costs": [change.unit_cost_amount for change in changes],
        "currencies": [change.unit_cost_currency for change in changes],
        "reason": reason,
        "reference": reference_id,
        "at": at,
        "actor": actor,
    }
    connection.later(_MOVE, asked)

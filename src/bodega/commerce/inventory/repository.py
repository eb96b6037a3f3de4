"""Every query of inventory."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.bulk import copy_new
from bodega.commerce.inventory.domain import MAIN, Hold
from bodega.commerce.inventory.tables import movements, reservations
from bodega.contracts.inventory import StockLevel
from bodega.kernel.ids import CheckoutId, ImportBatchId, VariantId, new_id

_LOCK_LEVELS = text(
    """SELECT variant_id, on_hand FROM inventory.levels
       WHERE variant_id = ANY(:ids) AND location = :location
       ORDER BY variant_id FOR UPDATE"""
)
_HELD = text(
    """SELECT variant_id, sum(quantity) AS held FROM inventory.reservations
       WHERE variant_id = ANY(:ids) AND location = :location AND status = 'held'
         AND expires_at > :now AND checkout_id IS DISTINCT FROM :except_checkout
       GROUP BY variant_id"""
)
_LEVELS = text(
    """SELECT l.variant_id, l.on_hand, greatest(0, l.on_hand - coalesce(
           (SELECT sum(r.quantity) FROM inventory.reservations r
            WHERE r.variant_id = l.variant_id AND r.location = l.location
              AND r.status = 'held' AND r.expires_at > :now), 0)) AS available
       FROM inventory.levels l
       WHERE l.location = :location
         AND (CAST(:ids AS uuid[]) IS NULL OR l.variant_id = ANY(:ids))
         AND (CAST(:after AS uuid) IS NULL OR l.variant_id > CAST(:after AS uuid))
       ORDER BY l.variant_id LIMIT :limit"""
)
_HOLDS = text(
    """SELECT variant_id, quantity, status, expires_at FROM inventory.reservations
       WHERE checkout_id = :checkout AND location = :location ORDER BY variant_id"""
)
_MARK = text(
    """UPDATE inventory.reservations SET status = :status
       WHERE checkout_id = :checkout AND location = :location AND status = ANY(:from_status)"""
)
_EXTEND = text(
    """UPDATE inventory.reservations SET expires_at = greatest(expires_at, :until)
       WHERE checkout_id = :checkout AND status = 'held' AND expires_at > :now RETURNING id"""
)
_OPEN_LEVEL = text(
    """INSERT INTO inventory.levels (variant_id, location, on_hand)
       VALUES (:variant, :location, 0) ON CONFLICT DO NOTHING"""
)
_MOVE = text(
    """UPDATE inventory.levels SET on_hand = on_hand + :quantity, known_at = now()
       WHERE variant_id = :variant AND location = :location"""
)
_OPENING = text(
    """INSERT INTO inventory.movements
           (id, variant_id, location, quantity, reason, occurred_at, known_at, import_batch_id)
       SELECT gen_random_uuid(), variant_id, location, on_hand, 'opening',
              occurred_at, known_at, import_batch_id
       FROM inventory.levels WHERE import_batch_id = :batch AND on_hand > 0
       ON CONFLICT DO NOTHING"""
)
_LEVEL_COLUMNS = ("variant_id", "location", "on_hand", "occurred_at", "known_at", "import_batch_id")


async def lock_levels(connection: AsyncConnection, variant_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Units on hand; the rows stay locked until the transaction ends, taken in variant order."""
    rows = await connection.execute(_LOCK_LEVELS, {"ids": list(variant_ids), "location": MAIN})
    return {row.variant_id: row.on_hand for row in rows}


async def held(
    connection: AsyncConnection,
    variant_ids: Iterable[UUID],
    *,
    now: datetime,
    except_checkout: CheckoutId | None = None,
) -> dict[UUID, int]:
    """Units in live holds; ask after the levels are locked, or the answer may be old."""
    asked = {
        "ids": list(variant_ids),
        "location": MAIN,
        "now": now,
        "except_checkout": except_checkout,
    }
    rows = await connection.execute(_HELD, asked)
    return {row.variant_id: int(row.held) for row in rows}


async def find_levels(
    connection: AsyncConnection,
    *,
    now: datetime,
    limit: int,
    ids: Sequence[VariantId] | None = None,
    after: UUID | None = None,
) -> list[StockLevel]:
    asked = {
        "now": now,
        "location": MAIN,
        "ids": list(ids) if ids is not None else None,
        "after": after,
        "limit": limit,
    }
    return [
        StockLevel(variant_id=row.variant_id, on_hand=row.on_hand, available=int(row.available))
        for row in await connection.execute(_LEVELS, asked)
    ]


async def insert_holds(
    connection: AsyncConnection,
    *,
    checkout_id: CheckoutId,
    wanted: Mapping[UUID, int],
    expires_at: datetime,
) -> None:
    rows = [
        {
            "id": new_id(),
            "checkout_id": checkout_id,
            "variant_id": variant_id,
            "location": MAIN,
            "quantity": quantity,
            "status": "held",
            "expires_at": expires_at,
        }
        for variant_id, quantity in wanted.items()
    ]
    await connection.execute(reservations.insert(), rows)


async def find_holds(connection: AsyncConnection, checkout_id: CheckoutId) -> list[Hold]:
    rows = await connection.execute(_HOLDS, {"checkout": checkout_id, "location": MAIN})
    return [Hold(row.variant_id, row.quantity, row.status, row.expires_at) for row in rows]


async def mark_holds(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    *,
    status: str,
    from_status: Sequence[str],
) -> None:
    asked = {
        "checkout": checkout_id,
        "location": MAIN,
        "status": status,
        "from_status": list(from_status),
    }
    await connection.execute(_MARK, asked)


async def extend_holds(
    connection: AsyncConnection, checkout_id: CheckoutId, *, until: datetime, now: datetime
) -> bool:
    asked = {"checkout": checkout_id, "until": until, "now": now}
    return (await connection.execute(_EXTEND, asked)).first() is not None


async def open_level(connection: AsyncConnection, variant_id: VariantId) -> None:
    """A variant without a level gets an empty one."""
    await connection.execute(_OPEN_LEVEL, {"variant": variant_id, "location": MAIN})


async def move(
    connection: AsyncConnection,
    quantities: Mapping[UUID, int],
    *,
    reason: str,
    reference_id: UUID | None,
) -> None:
    """Change levels by signed quantities, each with its row in the ledger."""
    moved = [
        {"variant": variant_id, "location": MAIN, "quantity": quantity}
        for variant_id, quantity in quantities.items()
    ]
    await connection.execute(_MOVE, moved)
    ledger = [
        {
            "id": new_id(),
            "variant_id": variant_id,
            "location": MAIN,
            "quantity": quantity,
            "reason": reason,
            "reference_id": reference_id,
        }
        for variant_id, quantity in quantities.items()
    ]
    await connection.execute(movements.insert(), ledger)


async def copy_levels(
    connection: AsyncConnection, rows: Iterable[Sequence[Any]], *, batch: ImportBatchId
) -> int:
    """Opening levels and their movements; what has a level keeps it. The number of new levels."""
    added = await copy_new(connection, "inventory.levels", _LEVEL_COLUMNS, rows)
    await connection.execute(_OPENING, {"batch": batch})
    return added

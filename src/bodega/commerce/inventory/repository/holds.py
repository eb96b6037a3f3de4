"""Reservations: what checkouts hold until an instant, live only while that lies ahead."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.inventory.domain import Hold, Spot
from bodega.commerce.inventory.errors import AlreadyReserved
from bodega.kernel.ids import CheckoutId, new_id

_HELD = text(
    """SELECT variant_id, location, sum(quantity) AS held FROM inventory.reservations
       WHERE variant_id = ANY(:ids) AND status = 'held' AND expires_at > :now
         AND checkout_id IS DISTINCT FROM :except_checkout
       GROUP BY variant_id, location"""
)
_INSERT = text(
    """INSERT INTO inventory.reservations
           (id, checkout_id, variant_id, location, quantity, status, expires_at)
       SELECT id, CAST(:checkout AS uuid), variant_id, location, quantity, 'held',
              CAST(:expires_at AS timestamptz)
       FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:locations AS text[]),
                   CAST(:quantities AS int[])) AS t(id, variant_id, location, quantity)"""
)
_HOLDS = text(
    """SELECT variant_id, location, quantity, expires_at FROM inventory.reservations
       WHERE checkout_id = :checkout AND status = 'held' ORDER BY variant_id, location"""
)
_EXTEND = text(
    """UPDATE inventory.reservations SET expires_at = greatest(expires_at, :until)
       WHERE checkout_id = :checkout AND status = 'held'"""
)
_RELEASE = text(
    """UPDATE inventory.reservations SET status = 'released'
       WHERE checkout_id = :checkout AND status = 'held'"""
)
_ONE_HOLD = "ux_reservations_checkout"
_TIDY = text(
    """DELETE FROM inventory.reservations WHERE id IN (
           SELECT id FROM inventory.reservations
           WHERE (status <> 'held' AND created_at < :before) OR expires_at < :before
           LIMIT :limit FOR UPDATE SKIP LOCKED)"""
)


async def find_held(
    connection: AsyncConnection,
    variant_ids: Iterable[UUID],
    *,
    now: datetime,
    except_checkout: CheckoutId | None = None,
) -> dict[Spot, int]:
    """Units in live holds; ask after the levels are locked, or the answer may be old."""
    asked = {"ids": list(variant_ids), "now": now, "except_checkout": except_checkout}
    rows = await connection.execute(_HELD, asked)
    return {(row.variant_id, row.location): int(row.held) for row in rows}


def insert_holds(
    connection: Connection,
    *,
    checkout_id: CheckoutId,
    taken: Mapping[Spot, int],
    expires_at: datetime,
) -> None:
    """Fails when the checkout holds something there already: see `holding_once`."""
    asked = {
        "ids": [new_id() for _ in taken],
        "checkout": checkout_id,
        "variants": [variant_id for variant_id, _ in taken],
        "locations": [location for _, location in taken],
        "quantities": list(taken.values()),
        "expires_at": expires_at,
    }
    connection.later(_INSERT, asked)


@contextmanager
def holding_once() -> Iterator[None]:
    """Raises AlreadyReserved when a checkout holds there already."""
    try:
        yield
    except IntegrityError as error:
        if _ONE_HOLD in str(error.orig):
            raise AlreadyReserved from error
        raise


async def find_holds(connection: AsyncConnection, checkout_id: CheckoutId) -> list[Hold]:
    """What the checkout holds, lapsed or not."""
    rows = await connection.execute(_HOLDS, {"checkout": checkout_id})
    return [Hold(row.variant_id, row.location, row.quantity, row.expires_at) for row in rows]


async def extend_holds(
    connection: AsyncConnection, checkout_id: CheckoutId, *, until: datetime
) -> None:
    await connection.execute(_EXTEND, {"checkout": checkout_id, "until": until})


async def release_holds(connection: AsyncConnection, checkout_id: CheckoutId) -> None:
    await connection.execute(_RELEASE, {"checkout": checkout_id})


async def tidy_holds(connection: AsyncConnection, *, before: datetime, limit: int) -> int:
    """Delete holds that ended or lapsed before the instant; how many."""
    asked = {"before": before, "limit": limit}
    return (await connection.execute(_TIDY, asked)).rowcount

"""Allocations: units promised to orders, a row a promise, in the order they were made."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.inventory.domain import Promise, Spot
from bodega.contracts.inventory import Allocation
from bodega.kernel.ids import CheckoutId, new_id

_INSERT = """INSERT INTO inventory.allocations (id, checkout_id, variant_id, location, quantity)
       SELECT id, CAST(:checkout AS uuid), variant_id, location, quantity
       FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:locations AS text[]),
                   CAST(:quantities AS int[])) AS t(id, variant_id, location, quantity)"""
_PROMISE = text(_INSERT)
_PROMISE_HELD = text(
    f"""WITH marked AS (
           UPDATE inventory.reservations SET status = 'allocated'
           WHERE checkout_id = :checkout AND status = 'held')
       {_INSERT}"""  # noqa: S608
)
_OPEN = text(
    """SELECT id, variant_id, location, quantity - sent AS open, 0 AS queued
       FROM inventory.allocations
       WHERE checkout_id = :checkout AND sent < quantity ORDER BY id"""
)
# Who was promised first is served first: `queued` are the units promised there before.
_QUEUED = """queue AS (
    SELECT a.id, a.checkout_id, a.variant_id, a.location, a.quantity - a.sent AS open,
        sum(a.quantity - a.sent) OVER (PARTITION BY a.variant_id, a.location ORDER BY a.id)
            - (a.quantity - a.sent) AS queued
    FROM inventory.allocations a JOIN mine USING (variant_id, location)
    WHERE a.sent < a.quantity)"""
_MINE = """WITH mine AS (SELECT DISTINCT variant_id, location FROM inventory.allocations
    WHERE checkout_id = :checkout AND sent < quantity)"""
_OPEN_IN_QUEUE = text(
    f"""{_MINE}, {_QUEUED}
       SELECT id, variant_id, location, open, queued FROM queue
       WHERE checkout_id = :checkout ORDER BY id"""  # noqa: S608
)
# The queue matters only where more is promised than there is, and is long where much is sold.
_ALLOCATIONS = text(
    """SELECT a.variant_id, p.id AS location_id, sum(a.quantity - a.sent) AS quantity,
           sum(CASE WHEN l.allocated <= l.on_hand THEN 0 ELSE
               least(a.quantity - a.sent, greatest(0, (
                   SELECT sum(b.quantity - b.sent) FROM inventory.allocations b
                   WHERE b.variant_id = a.variant_id AND b.location = a.location
                     AND b.sent < b.quantity AND b.id <= a.id) - l.on_hand)) END) AS backordered
       FROM inventory.allocations a
       JOIN inventory.levels l ON l.variant_id = a.variant_id AND l.location = a.location
       JOIN inventory.locations p ON p.code = a.location
       WHERE a.checkout_id = :checkout AND a.sent < a.quantity
       GROUP BY a.variant_id, p.id, p.priority, p.code
       ORDER BY p.priority, p.code, a.variant_id"""
)
_SEND = text("UPDATE inventory.allocations SET sent = sent + :units WHERE id = :id")
_TAKE_BACK = text("UPDATE inventory.allocations SET quantity = quantity - :units WHERE id = :id")


def promise(
    connection: Connection,
    *,
    checkout_id: CheckoutId,
    taken: Mapping[Spot, int],
    held: bool = False,
) -> None:
    """Units promised to an order; with `held`, what its checkout held is held no more."""
    asked = {
        "ids": [new_id() for _ in taken],
        "checkout": checkout_id,
        "variants": [variant_id for variant_id, _ in taken],
        "locations": [location for _, location in taken],
        "quantities": list(taken.values()),
    }
    connection.later(_PROMISE_HELD if held else _PROMISE, asked)


async def find_open(connection: AsyncConnection, checkout_id: CheckoutId) -> list[Promise]:
    """What is promised to the order and not sent, oldest promise first."""
    return await _promises(connection, _OPEN, checkout_id)


async def find_open_in_queue(connection: AsyncConnection, checkout_id: CheckoutId) -> list[Promise]:
    """The same with the units promised to anybody before; dearer, needed for backorders only."""
    return await _promises(connection, _OPEN_IN_QUEUE, checkout_id)


async def _promises(
    connection: AsyncConnection, query: TextClause, checkout_id: CheckoutId
) -> list[Promise]:
    rows = await connection.execute(query, {"checkout": checkout_id})
    return [
        Promise(row.id, row.variant_id, row.location, row.open, int(row.queued)) for row in rows
    ]


async def find_allocations(
    connection: AsyncConnection, checkout_id: CheckoutId
) -> list[Allocation]:
    """By location in the order of picking, what is not on hand yet told apart."""
    return [
        Allocation(
            variant_id=row.variant_id,
            location_id=row.location_id,
            quantity=int(row.quantity),
            backordered=int(row.backordered),
        )
        for row in await connection.execute(_ALLOCATIONS, {"checkout": checkout_id})
    ]


async def send(connection: AsyncConnection, parts: Mapping[UUID, int]) -> None:
    """Units of promises have left."""
    await connection.execute(_SEND, _rows(parts))


async def take_back(connection: AsyncConnection, parts: Mapping[UUID, int]) -> None:
    """Units of promises are promised no more."""
    await connection.execute(_TAKE_BACK, _rows(parts))


def _rows(parts: Mapping[UUID, int]) -> Sequence[dict[str, Any]]:
    return [{"id": id_, "units": units} for id_, units in parts.items()]

"""Locations, in the order of picking."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.tables import locations
from bodega.contracts.inventory import Location
from bodega.kernel.ids import LocationId


async def find_locations(connection: AsyncConnection) -> list[Location]:
    query = select(locations).order_by(locations.c.priority, locations.c.code)
    return [_location(row) for row in await connection.execute(query)]


async def find_location(connection: AsyncConnection, location_id: LocationId) -> Location | None:
    query = select(locations).where(locations.c.id == location_id)
    row = (await connection.execute(query)).first()
    return _location(row) if row else None


async def insert_location(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """False when the code is taken."""
    statement = insert(locations).values(**values).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(locations.c.id))).first() is not None


async def update_location(
    connection: AsyncConnection, location_id: LocationId, changes: Mapping[str, Any]
) -> bool:
    statement = update(locations).where(locations.c.id == location_id).values(**changes)
    return (await connection.execute(statement)).rowcount == 1


def _location(row: Row[Any]) -> Location:
    return Location(
        id=row.id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        country=row.country,
        serves=list(row.serves),
        priority=row.priority,
        active=row.active,
    )

"""Every query of shipping."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.shipping.domain import Method, Tier, Zone
from bodega.commerce.shipping.tables import methods, tiers, zones
from bodega.kernel.ids import ShippingMethodId, new_id

# Zones with methods and tiers in one answer: there are a handful, and every cart asks.
_ZONES = text(
    """
    SELECT z.id, z.name, z.countries, z.postal_prefixes, z.active, (
        SELECT jsonb_agg(jsonb_build_object(
            'id', m.id, 'name', m.name, 'carrier', m.carrier, 'basis', m.basis,
            'currency', m.currency, 'free_above', m.free_above_amount,
            'min_days', m.min_days, 'max_days', m.max_days, 'position', m.position,
            'active', m.active, 'tiers', (
                SELECT jsonb_agg(jsonb_build_object('up_to', t.up_to, 'price', t.price_amount)
                                 ORDER BY t.up_to NULLS LAST)
                FROM shipping.tiers t WHERE t.method_id = m.id)
        ) ORDER BY m.position, m.id)
        FROM shipping.methods m WHERE m.zone_id = z.id) AS methods
    FROM shipping.zones z ORDER BY z.id
    """
)


async def find_zones(connection: AsyncConnection) -> list[Zone]:
    return [_zone(row) for row in await connection.execute(_ZONES)]


def _zone(row: Row[Any]) -> Zone:
    return Zone(
        id=row.id,
        name=row.name,
        countries=frozenset(row.countries),
        postal_prefixes=row.postal_prefixes,
        active=row.active,
        methods=[_method(item) for item in row.methods or []],
    )


def _method(item: dict[str, Any]) -> Method:
    kept = {key: value for key, value in item.items() if key not in ("id", "tiers")}
    return Method(
        id=ShippingMethodId(UUID(item["id"])),
        tiers=[Tier(**tier) for tier in item["tiers"] or []],
        **kept,
    )


async def put_zone(connection: AsyncConnection, zone: Zone) -> bool:
    """Write a zone with its methods; False when it is there already."""
    values = {
        "id": zone.id,
        "name": zone.name,
        "countries": sorted(zone.countries),
        "postal_prefixes": list(zone.postal_prefixes),
    }
    statement = insert(zones).values(**values).on_conflict_do_nothing()
    added = (await connection.execute(statement.returning(zones.c.id))).first()
    if added is None:
        return False
    for method in zone.methods:
        await put_method(connection, zone.id, method)
    return True


async def put_method(connection: AsyncConnection, zone_id: UUID, method: Method) -> None:
    values = {
        "id": method.id,
        "zone_id": zone_id,
        "name": method.name,
        "carrier": method.carrier,
        "basis": method.basis,
        "currency": method.currency,
        "free_above_amount": method.free_above,
        "min_days": method.min_days,
        "max_days": method.max_days,
        "position": method.position,
    }
    await connection.execute(methods.insert().values(**values))
    await put_tiers(connection, method.id, method.tiers)


async def put_tiers(
    connection: AsyncConnection, method_id: ShippingMethodId, new: Sequence[Tier]
) -> None:
    """In place of those that were there."""
    await connection.execute(delete(tiers).where(tiers.c.method_id == method_id))
    rows = [
        {"id": new_id(), "method_id": method_id, "up_to": tier.up_to, "price_amount": tier.price}
        for tier in new
    ]
    await connection.execute(tiers.insert(), rows)


async def lock_zone(connection: AsyncConnection, zone_id: UUID) -> bool:
    """Changes of a zone and of its methods come one after another."""
    query = select(zones.c.id).where(zones.c.id == zone_id).with_for_update()
    return (await connection.execute(query)).first() is not None


async def zone_of_method(connection: AsyncConnection, method_id: ShippingMethodId) -> UUID | None:
    query = select(methods.c.zone_id).where(methods.c.id == method_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def change_zone(
    connection: AsyncConnection, zone_id: UUID, changes: Mapping[str, Any]
) -> None:
    await connection.execute(
        update(zones).where(zones.c.id == zone_id).values(**changes, known_at=func.now())
    )


async def change_method(
    connection: AsyncConnection, method_id: ShippingMethodId, changes: Mapping[str, Any]
) -> None:
    await connection.execute(
        update(methods).where(methods.c.id == method_id).values(**changes, known_at=func.now())
    )

"""Shipments, their lines and what carriers say of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.tables import shipment_events, shipment_lines, shipments
from bodega.contracts.aftersales import ShipmentEvent, ShipmentStep, ShipmentView, ShippedLine
from bodega.kernel.ids import LocationId, OrderId, OrderLineId, ShipmentId, new_id

_FIND = """
    SELECT s.*, (SELECT jsonb_agg(jsonb_build_object('line_id', l.id, 'sku', l.sku,
            'title', l.title, 'quantity', i.quantity) ORDER BY l.position)
        FROM orders.shipment_lines i JOIN orders.order_lines l ON l.id = i.order_line_id
        WHERE i.shipment_id = s.id) AS lines,
        (SELECT jsonb_agg(jsonb_build_object('step', e.step, 'note', e.note, 'place', e.place,
            'at', e.at) ORDER BY e.id)
        FROM orders.shipment_events e WHERE e.shipment_id = s.id) AS events
    FROM orders.shipments s
"""
_OF_ORDER = text(_FIND + "WHERE s.order_id = :id ORDER BY s.shipped_at, s.id")
_ONE = text(_FIND + "WHERE s.id = :id")
_LOCK = text("SELECT order_id, step, shipped_at FROM orders.shipments WHERE id = :id FOR UPDATE")


def _shipment(row: Row[Any]) -> ShipmentView:
    return ShipmentView(
        id=row.id,
        order_id=row.order_id,
        step=row.step,
        location_id=row.location_id,
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        shipped_at=row.shipped_at,
        delivered_at=row.delivered_at,
        lines=[ShippedLine.model_validate(line) for line in row.lines or []],
        events=[ShipmentEvent.model_validate(event) for event in row.events or []],
    )


async def insert_shipment(
    connection: AsyncConnection,
    *,
    id: ShipmentId,
    order_id: OrderId,
    location_id: LocationId,
    carrier: str | None,
    tracking_number: str | None,
    lines: Sequence[tuple[OrderLineId, int]],
    at: datetime,
) -> None:
    row = {
        "id": id,
        "order_id": order_id,
        "step": "shipped",
        "location_id": location_id,
        "carrier": carrier,
        "tracking_number": tracking_number,
        "shipped_at": at,
    }
    await connection.execute(shipments.insert().values(row))
    rows = [
        {"shipment_id": id, "order_line_id": line_id, "quantity": quantity}
        for line_id, quantity in lines
    ]
    await connection.execute(shipment_lines.insert(), rows)


async def add_event(
    connection: AsyncConnection,
    shipment_id: ShipmentId,
    step: ShipmentStep,
    *,
    note: str,
    place: str,
    at: datetime,
    actor: str,
) -> None:
    row = {
        "id": new_id(),
        "shipment_id": shipment_id,
        "step": step,
        "note": note,
        "place": place,
        "at": at,
        "actor": actor,
    }
    await connection.execute(shipment_events.insert().values(row))
    changes: dict[str, Any] = {"step": step}
    if step == "delivered":
        changes["delivered_at"] = at
    await connection.execute(update(shipments).where(shipments.c.id == shipment_id).values(changes))


async def lock_shipment(connection: AsyncConnection, id: ShipmentId) -> Row[Any] | None:
    """order_id, step, shipped_at."""
    return (await connection.execute(_LOCK, {"id": id})).first()


async def find_shipment(connection: AsyncConnection, id: UUID) -> ShipmentView | None:
    row = (await connection.execute(_ONE, {"id": id})).first()
    return _shipment(row) if row else None


async def find_shipments(connection: AsyncConnection, order_id: OrderId) -> list[ShipmentView]:
    """In the order they left."""
    return [_shipment(row) for row in await connection.execute(_OF_ORDER, {"id": order_id})]

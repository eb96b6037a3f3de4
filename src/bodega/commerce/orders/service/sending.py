"""Sending parcels of an order, and what carriers say of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.status import SENDABLE, status_of
from bodega.commerce.orders.errors import (
    LineNamedTwice,
    LineNotFound,
    NotAllocatedThere,
    NothingToShip,
    OrderNotFound,
    OrderNotSendable,
    QuantityExceeded,
    ShipmentDelivered,
    ShipmentNotFound,
    ShipmentTimeOdd,
)
from bodega.commerce.orders.repository import orders, shipments
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.kinds import Planned, step
from bodega.commerce.orders.service.life import move
from bodega.contracts.aftersales import (
    LineQuantity,
    OrderShipped,
    ShipmentTracked,
    ShipmentView,
    ShipOrder,
    TrackShipment,
)
from bodega.contracts.inventory import Allocation, Inventory, Pick
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import (
    CheckoutId,
    LocationId,
    OperationId,
    OrderLineId,
    ShipmentId,
    VariantId,
    derived_id,
)

# A parcel may be on its way before somebody says so here; clocks differ.
TOLD_LATE: Final = timedelta(days=1)
CLOCKS_DIFFER: Final = timedelta(minutes=15)


class PickedLine(BaseModel):
    line_id: OrderLineId
    variant_id: VariantId
    quantity: int


class ShipPlan(BaseModel):
    shipment_id: ShipmentId
    checkout_id: CheckoutId
    location_id: LocationId
    carrier: str | None
    tracking_number: str | None
    lines: list[PickedLine]


class Sending:
    """Stock leaves its location first; then the shipment exists."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: ShipOrder, id: OperationId
    ) -> Planned:
        if order.status not in SENDABLE or order.checkout_id is None:
            raise OrderNotSendable
        promised = await self._context.container.get(Inventory).allocations(order.checkout_id)
        location, lines = choose(order, request, promised)
        shipment_id = ShipmentId(derived_id(id, "shipment"))
        plan = ShipPlan(
            shipment_id=shipment_id,
            checkout_id=order.checkout_id,
            location_id=location,
            carrier=request.carrier,
            tracking_number=request.tracking_number,
            lines=lines,
        )
        return Planned(plan, reference=shipment_id)

    async def run(self, operation: Operation) -> None:
        plan = ShipPlan.model_validate(operation.plan)
        units: Counter[VariantId] = Counter()
        for line in plan.lines:
            units[line.variant_id] += line.quantity
        await self._context.container.get(Inventory).fulfil(
            command_id=step(operation, "fulfil"),
            checkout_id=plan.checkout_id,
            picks=[
                Pick(variant_id=variant, location_id=plan.location_id, quantity=quantity)
                for variant, quantity in sorted(units.items())
            ],
        )

    async def undo(self, operation: Operation) -> None:
        """There is one step: it was done, or it was not."""

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        plan = ShipPlan.model_validate(operation.plan)
        now = self._context.clock.now()
        await shipments.insert_shipment(
            uow.connection,
            id=plan.shipment_id,
            order_id=order.id,
            location_id=plan.location_id,
            carrier=plan.carrier,
            tracking_number=plan.tracking_number,
            lines=[(line.line_id, line.quantity) for line in plan.lines],
            at=now,
        )
        await shipments.add_event(
            uow.connection,
            plan.shipment_id,
            "shipped",
            note="",
            place="",
            at=now,
            actor=uow.actor,
        )
        for line in plan.lines:
            await orders.add_progress(uow.connection, line.line_id, fulfilled=line.quantity)
        await settle_status(uow, order, kind="shipped", reference=plan.shipment_id)
        uow.emit(OrderShipped(order_id=order.id, shipment_id=plan.shipment_id))


async def settle_status(
    uow: UnitOfWork,
    order: OrderView,
    *,
    kind: str,
    reference: ShipmentId | OperationId,
    reason: str | None = None,
) -> None:
    """The status that the units call for now, with an entry of history in any case."""
    now = await orders.find_order(uow.connection, order.id)
    assert now is not None
    after = status_of(order.status, now.lines)
    await move(uow, order.id, order.status, after, kind=kind, reason=reason, reference=reference)


def choose(
    order: OrderView, request: ShipOrder, promised: Sequence[Allocation]
) -> tuple[LocationId, list[PickedLine]]:
    """The location and the units. Raises what forbids it."""
    wanted = _wanted(order, request.lines)
    ready: dict[LocationId, Counter[VariantId]] = {}
    for item in promised:
        if item.quantity > item.backordered:
            at = ready.setdefault(item.location_id, Counter())
            at[item.variant_id] += item.quantity - item.backordered
    places = [place for place in ready if request.location_id in (None, place)]
    if not places:
        raise NothingToShip
    if wanted is None:
        return places[0], _all_at(order, ready[places[0]])
    for place in places:
        if not _needs(wanted) - ready[place]:
            return place, wanted
    raise NotAllocatedThere


def _wanted(order: OrderView, lines: Sequence[LineQuantity]) -> list[PickedLine] | None:
    if not lines:
        return None
    known = {line.id: line for line in order.lines}
    if len({line.line_id for line in lines}) < len(lines):
        raise LineNamedTwice
    picked = []
    for asked in lines:
        line = known.get(asked.line_id)
        if line is None or line.variant_id is None:
            raise LineNotFound
        if asked.quantity > line.unsent:
            raise QuantityExceeded(f"{line.title}: {line.unsent} left to send")
        picked.append(_picked(line, asked.quantity))
    return picked


def _all_at(order: OrderView, ready: Counter[VariantId]) -> list[PickedLine]:
    left = Counter(ready)
    picked = []
    for line in order.lines:
        if line.kind != "product" or line.variant_id is None:
            continue
        units = min(line.unsent, left[line.variant_id])
        if units > 0:
            left[line.variant_id] -= units
            picked.append(_picked(line, units))
    if not picked:
        raise NothingToShip
    return picked


def _picked(line: OrderLine, quantity: int) -> PickedLine:
    assert line.id is not None
    assert line.variant_id is not None
    return PickedLine(line_id=line.id, variant_id=line.variant_id, quantity=quantity)


def _needs(lines: Sequence[PickedLine]) -> Counter[VariantId]:
    needs: Counter[VariantId] = Counter()
    for line in lines:
        needs[line.variant_id] += line.quantity
    return needs


async def track(
    context: Context, uow: UnitOfWork, *, shipment_id: ShipmentId, request: TrackShipment
) -> ShipmentView:
    """Raises ShipmentNotFound, ShipmentDelivered, ShipmentTimeOdd."""
    found = await shipments.lock_shipment(uow.connection, shipment_id)
    if found is None:
        raise ShipmentNotFound
    if found.step == "delivered":
        raise ShipmentDelivered
    now = context.clock.now()
    first, last = found.shipped_at - TOLD_LATE, now + CLOCKS_DIFFER
    if request.at is not None and not first <= request.at <= last:
        raise ShipmentTimeOdd(f"It was sent at {found.shipped_at.isoformat()}")
    order = await orders.lock_order(uow.connection, found.order_id)
    if order is None:
        raise OrderNotFound
    await shipments.add_event(
        uow.connection,
        shipment_id,
        request.step,
        note=request.note,
        place=request.place,
        at=request.at or now,
        actor=uow.actor,
    )
    shipment = await shipments.find_shipment(uow.connection, shipment_id)
    assert shipment is not None
    if request.step == "delivered":
        for line in shipment.lines:
            await orders.add_progress(uow.connection, line.line_id, delivered=line.quantity)
    await settle_status(
        uow, order, kind=request.step, reason=request.note or None, reference=shipment_id
    )
    uow.emit(ShipmentTracked(order_id=order.id, shipment_id=shipment_id, step=request.step))
    return shipment

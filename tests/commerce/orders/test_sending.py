"""Parcels: from which place, which units, and what becomes of the order."""

from datetime import timedelta

import pytest

from bodega.commerce.orders.errors import (
    LineNamedTwice,
    LineNotFound,
    NotAllocatedThere,
    NothingToShip,
    OrderBusy,
    OrderNotFound,
    OrderNotSendable,
    QuantityExceeded,
    ShipmentDelivered,
    ShipmentNotFound,
    ShipmentTimeOdd,
)
from bodega.commerce.orders.service.workflows import OrderWorkflows
from bodega.contracts.aftersales import CancelOrder, LineQuantity, ShipOrder, TrackShipment
from bodega.kernel.ids import CommandId, LocationId, OperationId, OrderLineId, ShipmentId, new_id
from tests.commerce.orders.conftest import ACTOR, Desk, line_id
from tests.commerce.orders.doubles import MAIN, SHOP, Killed
from tests.commerce.orders.goods import line, wanted

ALL = ShipOrder(carrier="Royal Mail", tracking_number="RM123")


async def arrived(desk: Desk, shipment: ShipmentId) -> None:
    await desk.after.track(
        command_id=CommandId(new_id()),
        shipment_id=shipment,
        request=TrackShipment(step="delivered"),
        actor=ACTOR,
    )


async def test_an_order_is_paid_allocated_sent_and_delivered(desk: Desk) -> None:
    order = await desk.sold(line(2), line(1))
    assert order.status == "allocated"
    done = await desk.do("ship", order, ALL)
    assert (done.state, done.kind, done.actor) == ("done", "ship", ACTOR)
    [shipment] = await desk.after.shipments(order.id)
    assert (shipment.id, shipment.tracking_number) == (done.reference, "RM123")
    assert [item.quantity for item in shipment.lines] == [2, 1]
    assert (await desk.again(order)).status == "fulfilled"
    await arrived(desk, shipment.id)
    after = await desk.again(order)
    assert (after.status, after.lines[0].delivered) == ("delivered", 2)
    assert await desk.kinds(order) == ["placed", "paid", "allocated", "shipped", "delivered"]
    assert sum(desk.stock.on_hand.values()) == 0


async def test_what_lies_in_two_places_takes_two_parcels(desk: Desk) -> None:
    order = await desk.sold(line(3))
    assert order.checkout_id is not None
    [key] = list(desk.stock.promised)
    desk.stock.promised[key] = 2
    desk.stock.promise(order.checkout_id, key[1], 1, SHOP)
    await desk.do("ship", order, ShipOrder())
    assert (await desk.again(order)).status == "partially_fulfilled"
    desk.clock.at += timedelta(minutes=1)
    await desk.do("ship", order, ShipOrder())
    assert (await desk.again(order)).status == "fulfilled"
    first, second = await desk.after.shipments(order.id)
    assert (first.location_id, second.location_id) == (MAIN, SHOP)
    await arrived(desk, second.id)
    assert (await desk.again(order)).status == "partially_delivered"
    await arrived(desk, first.id)
    assert (await desk.again(order)).status == "delivered"


async def test_single_units_may_be_chosen(desk: Desk) -> None:
    order = await desk.sold(line(3), line(1))
    one = LineQuantity(line_id=line_id(order), quantity=1)
    await desk.do("ship", order, ShipOrder(lines=[one], location_id=MAIN))
    after = await desk.again(order)
    assert [item.fulfilled for item in after.lines] == [1, 0]
    assert after.status == "partially_fulfilled"


async def test_parcels_that_cannot_be(desk: Desk) -> None:
    order = await desk.sold(line(2))
    one = LineQuantity(line_id=line_id(order), quantity=1)
    asked = [
        (QuantityExceeded, ShipOrder(lines=[one.model_copy(update={"quantity": 3})])),
        (LineNamedTwice, ShipOrder(lines=[one, one])),
        (LineNotFound, ShipOrder(lines=[LineQuantity(line_id=OrderLineId(new_id()), quantity=1)])),
        (NothingToShip, ShipOrder(location_id=LocationId(new_id()))),
    ]
    for error, request in asked:
        with pytest.raises(error):
            await desk.do("ship", order, request)
    [key] = list(desk.stock.promised)
    desk.stock.promised[key] = 1
    with pytest.raises(NotAllocatedThere):
        await desk.do("ship", order, ShipOrder(lines=[one.model_copy(update={"quantity": 2})]))
    assert await desk.after.operations(order.id) == []


async def test_only_paid_orders_are_sent(desk: Desk) -> None:
    placed = await desk.orders.place(command_id=CommandId(new_id()), request=wanted())
    order = await desk.orders.order(placed.order_id)
    assert order is not None
    with pytest.raises(OrderNotSendable):
        await desk.do("ship", order, ALL)
    with pytest.raises(OrderNotFound):
        await desk.do("ship", order.model_copy(update={"id": new_id()}), ALL)


async def test_backordered_units_wait_and_the_order_is_allocated_when_they_come(
    desk: Desk,
) -> None:
    bought = line(2)
    assert bought.variant_id is not None
    desk.stock.late[bought.variant_id] = 1
    order = await desk.sold(bought)
    assert order.status == "paid"
    await desk.do("ship", order, ShipOrder())
    assert [item.fulfilled for item in (await desk.again(order)).lines] == [1]


async def test_the_same_id_sends_once_even_when_the_process_dies(desk: Desk) -> None:
    order, id = await desk.sold(line(1)), OperationId(new_id())
    desk.weather.dead.add("fulfil")
    with pytest.raises(Killed):
        await desk.do("ship", order, ALL, id=id)
    assert (await desk.again(order)).status == "allocated"
    with pytest.raises(OrderBusy):
        await desk.do("cancel", order, CancelOrder(reason="too slow"))
    desk.clock.at += timedelta(seconds=desk.context.settings.orders_lease_seconds)
    assert await desk.after.resume() == 1
    assert await desk.after.resume() == 0
    done = await desk.do("ship", order, ALL, id=id)
    assert done.state == "done"
    assert len(await desk.after.shipments(order.id)) == 1
    assert sum(desk.stock.on_hand.values()) == 0


async def test_stock_that_is_away_is_asked_again(desk: Desk) -> None:
    order = await desk.sold(line(1))
    desk.weather.away.add("fulfil")
    running = await desk.do("ship", order, ALL)
    assert running.state == "running"
    desk.weather.away.clear()
    desk.clock.at += timedelta(minutes=10)
    assert await desk.after.resume() == 1
    assert (await desk.again(order)).status == "fulfilled"


async def test_staff_see_what_is_under_way_and_have_it_tried_again(desk: Desk) -> None:
    order = await desk.sold(line(1))
    desk.weather.away.add("fulfil")
    running = await desk.do("ship", order, ALL)
    flows = OrderWorkflows(desk.context)
    [seen] = await flows.latest(limit=5, open_only=True)
    assert (seen.id, seen.state, seen.at) == (str(running.id), "running", "ship")
    assert seen.facts["by"] == ACTOR
    desk.weather.away.clear()
    assert await desk.after.resume() == 0
    assert await flows.retry(seen.id)
    assert await desk.after.resume() == 1
    ended = await flows.find(seen.id)
    assert ended is not None
    assert (ended.state, ended.next_try_at) == ("completed", None)
    assert not await flows.retry(seen.id)
    assert not await flows.cancel(seen.id)
    assert not await flows.retry("nonsense")
    assert await flows.find("nonsense") is None
    assert await flows.latest(limit=5, open_only=True) == []


async def test_stock_that_refuses_leaves_the_order_as_it_was(desk: Desk) -> None:
    order = await desk.sold(line(1))
    desk.stock.on_strike = True
    failed = await desk.do("ship", order, ALL)
    assert (failed.state, failed.failure_code) == ("failed", "conflict")
    assert (await desk.again(order)).status == "allocated"
    assert await desk.after.shipments(order.id) == []


async def test_tracking_ends_with_the_delivery(desk: Desk) -> None:
    order = await desk.sold(line(1))
    done = await desk.do("ship", order, ALL)
    shipment = ShipmentId(done.reference)  # type: ignore[arg-type]
    command = CommandId(new_id())
    for _ in range(2):
        seen = await desk.after.track(
            command_id=command,
            shipment_id=shipment,
            request=TrackShipment(step="in_transit", note="Sorted", place="Leeds"),
            actor=ACTOR,
        )
    assert [(event.step, event.place) for event in seen.events] == [
        ("shipped", ""),
        ("in_transit", "Leeds"),
    ]
    await arrived(desk, shipment)
    with pytest.raises(ShipmentDelivered):
        await arrived(desk, shipment)
    with pytest.raises(ShipmentNotFound):
        await arrived(desk, ShipmentId(new_id()))


@pytest.mark.parametrize("hours", [-25, 1], ids=["before it was sent", "in the future"])
async def test_a_carriers_word_is_of_a_time_that_can_be(desk: Desk, hours: int) -> None:
    order = await desk.sold(line(1))
    done = await desk.do("ship", order, ALL)
    told = TrackShipment(step="delivered", at=desk.clock.now() + timedelta(hours=hours))
    with pytest.raises(ShipmentTimeOdd):
        await desk.after.track(
            command_id=CommandId(new_id()),
            shipment_id=ShipmentId(done.reference or new_id()),
            request=told,
            actor=ACTOR,
        )
    assert (await desk.again(order)).status == "fulfilled"

"""Returns up to the inspection: requested, decided, received, withdrawn."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.buyers import Buyer
from bodega.commerce.orders.errors import (
    LineNamedTwice,
    LineNotFound,
    OrderNotFound,
    QuantityExceeded,
    ReturnNotFound,
    ReturnNotOpen,
    ReturnNotPossible,
    ReturnTooLate,
)
from bodega.commerce.orders.repository import numbers, orders, returns, shipments
from bodega.commerce.orders.service.life import move
from bodega.commerce.orders.service.quoting import quote
from bodega.contracts.aftersales import RequestReturn, ReturnChanged, ReturnStatus, ReturnView
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import OrderId, OrderLineId, ReturnId, new_id

FIRST_RETURN: Final = 1


async def request_return(
    context: Context,
    uow: UnitOfWork,
    *,
    order_id: OrderId,
    request: RequestReturn,
    buyer: Buyer | None,
) -> ReturnView:
    """Staff ask when there is no `buyer`. Raises OrderNotFound, ReturnTooLate,
    ReturnNotPossible, LineNotFound, VariantNotSold."""
    order = await orders.lock_order(uow.connection, order_id)
    if order is None or (buyer is not None and not buyer.bought(order)):
        raise OrderNotFound
    await _check_units(uow, order, request)
    if buyer is not None:
        await _check_time(context, uow, order)
    wanted = [
        (line.exchange_variant_id, line.quantity)
        for line in request.lines
        if line.exchange_variant_id is not None
    ]
    await quote(context, order, wanted, kept=order.lines)
    return_id = ReturnId(new_id())
    await returns.insert_return_request(
        uow.connection,
        id=return_id,
        number=await numbers.take_numbers(uow.connection, 1, name="returns", first=FIRST_RETURN),
        order_id=order.id,
        currency=order.total.currency,
        note=request.note,
        lines=request.lines,
        at=context.clock.now(),
    )
    return await _changed(uow, order, return_id, "requested")


async def _check_units(uow: UnitOfWork, order: OrderView, request: RequestReturn) -> None:
    known = {line.id: line for line in order.lines if line.kind == "product"}
    under_way = await returns.units_under_way(uow.connection, order.id)
    if len({line.line_id for line in request.lines}) < len(request.lines):
        raise LineNamedTwice
    for asked in request.lines:
        line = known.get(asked.line_id)
        if line is None:
            raise LineNotFound
        left = line.fulfilled - line.returned - under_way.get(asked.line_id, 0)
        if asked.quantity > left:
            raise ReturnNotPossible(f"{line.title}: {left} can be returned")


async def _check_time(context: Context, uow: UnitOfWork, order: OrderView) -> None:
    """Counted from the last parcel: from its arrival, or its sending when nobody told us."""
    sent = await shipments.find_shipments(uow.connection, order.id)
    last = max((item.delivered_at or item.shipped_at for item in sent), default=order.placed_at)
    if context.clock.now() > last + timedelta(days=context.settings.orders_return_days):
        raise ReturnTooLate


async def decide(uow: UnitOfWork, *, return_id: ReturnId, approve: bool, note: str) -> ReturnView:
    """One that was approved is declined when the goods never came."""
    stages: tuple[ReturnStatus, ...] = ("requested",) if approve else ("requested", "approved")
    order, _ = await _open(uow, return_id, *stages)
    status: ReturnStatus = "approved" if approve else "declined"
    await returns.change_return(
        uow.connection, return_id, status=status, decision_note=note or None
    )
    return await _changed(uow, order, return_id, status, note or None)


async def receive(
    uow: UnitOfWork, *, return_id: ReturnId, received: Mapping[OrderLineId, int]
) -> ReturnView:
    """Raises ReturnNotOpen, LineNotFound, QuantityExceeded."""
    order, found = await _open(uow, return_id, "approved")
    if not received.keys() <= {line.line_id for line in found.lines}:
        raise LineNotFound
    units = {line.line_id: received.get(line.line_id, line.quantity) for line in found.lines}
    if not any(units.values()):
        raise QuantityExceeded("At least one unit must have arrived")
    for line in found.lines:
        if not 0 <= units[line.line_id] <= line.quantity:
            raise QuantityExceeded(f"{line.title}: {line.quantity} were announced")
        await returns.change_line(
            uow.connection, return_id, line.line_id, received=units[line.line_id]
        )
    await returns.change_return(uow.connection, return_id, status="received")
    return await _changed(uow, order, return_id, "received")


async def withdraw(uow: UnitOfWork, *, return_id: ReturnId, buyer: Buyer) -> ReturnView:
    order, _ = await _open(uow, return_id, "requested", "approved", buyer=buyer)
    await returns.change_return(uow.connection, return_id, status="withdrawn")
    return await _changed(uow, order, return_id, "withdrawn")


async def _open(
    uow: UnitOfWork,
    return_id: ReturnId,
    *stages: ReturnStatus,
    buyer: Buyer | None = None,
) -> tuple[OrderView, ReturnView]:
    """The order, locked, and the return. Raises ReturnNotFound, ReturnNotOpen."""
    order_id = await returns.order_of(uow.connection, return_id)
    order = await orders.lock_order(uow.connection, order_id) if order_id else None
    if order is None or (buyer is not None and not buyer.bought(order)):
        raise ReturnNotFound
    found = await returns.find_return(uow.connection, return_id)
    assert found is not None
    if found.status not in stages:
        raise ReturnNotOpen(f"The return is {found.status}")
    return order, found


async def _changed(
    uow: UnitOfWork,
    order: OrderView,
    return_id: ReturnId,
    status: ReturnStatus,
    reason: str | None = None,
) -> ReturnView:
    await move(
        uow,
        order.id,
        order.status,
        order.status,
        kind=f"return_{status}",
        reason=reason,
        reference=return_id,
    )
    uow.emit(ReturnChanged(order_id=order.id, return_id=return_id, status=status))
    found = await returns.find_return(uow.connection, return_id)
    assert found is not None
    return found

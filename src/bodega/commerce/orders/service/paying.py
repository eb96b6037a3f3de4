"""The money is here: the order is paid, invoiced, and allocated when its stock is all there."""

from collections import Counter

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.papers import lines_of
from bodega.commerce.orders.errors import AmountDiffers, OrderNotFound
from bodega.commerce.orders.repository import operations, orders
from bodega.commerce.orders.service.life import move
from bodega.commerce.orders.service.papers import issue
from bodega.contracts.aftersales import OrderAllocated
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import OrderPaid, OrderStatus, OrderView
from bodega.kernel.ids import CheckoutId, OrderId, VariantId
from bodega.kernel.money import Money


async def mark_paid(
    context: Context, uow: UnitOfWork, *, checkout_id: CheckoutId, amount: Money
) -> None:
    """Raises OrderNotFound, AmountDiffers; an order cancelled meanwhile stays cancelled."""
    order = await orders.lock_order_of(uow.connection, checkout_id)
    if order is None:
        if await operations.is_charge(uow.connection, checkout_id):
            return
        raise OrderNotFound(f"No order was placed for checkout {checkout_id}")
    if order.status != "pending":
        return
    if order.total != amount:
        raise AmountDiffers
    await pay(context, uow, order)


async def pay(context: Context, uow: UnitOfWork, order: OrderView) -> None:
    """Invoiced, and allocated at once where all of it is there."""
    paid = order.model_copy(update={"status": "paid"})
    ready = await _all_there(context, paid)
    path: list[OrderStatus] = ["paid", "allocated"] if ready else ["paid"]
    await move(uow, order.id, order.status, *path)
    uow.emit(OrderPaid(order_id=order.id, amount=order.total))
    await issue(context, uow, order, "invoice", lines_of(order))
    if ready:
        uow.emit(OrderAllocated(order_id=order.id))


async def settle_allocation(context: Context, uow: UnitOfWork, order: OrderView) -> bool:
    """A paid order whose units are all promised and on hand becomes allocated."""
    if not await _all_there(context, order):
        return False
    await move(uow, order.id, "paid", "allocated")
    uow.emit(OrderAllocated(order_id=order.id))
    return True


async def _all_there(context: Context, order: OrderView) -> bool:
    if order.status != "paid" or order.checkout_id is None:
        return False
    needed: Counter[VariantId] = Counter()
    for line in order.lines:
        if line.kind == "product" and line.variant_id is not None:
            needed[line.variant_id] += line.quantity
    for item in await context.container.get(Inventory).allocations(order.checkout_id):
        needed[item.variant_id] -= item.quantity - item.backordered
    return all(units <= 0 for units in needed.values())


async def settle_waiting(context: Context, uow: UnitOfWork, *, variant_id: VariantId) -> None:
    """Goods came in: the paid orders that waited for them are looked at again, oldest first."""
    for order_id in await orders.find_waiting(uow.connection, variant_id):
        order = await orders.lock_order(uow.connection, OrderId(order_id))
        if order is not None:
            await settle_allocation(context, uow, order)

"""The order that replaces goods: placed and paid by what came back."""

from collections.abc import Sequence

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.lines import line_total
from bodega.commerce.orders.repository import orders
from bodega.commerce.orders.service.life import place
from bodega.commerce.orders.service.paying import pay
from bodega.contracts.orders import OrderLine, OrderView, PlaceOrder
from bodega.kernel.ids import CartId, CheckoutId, OrderId, derived_id


async def place_exchange(
    context: Context,
    uow: UnitOfWork,
    order: OrderView,
    exchange_id: CheckoutId,
    lines: Sequence[OrderLine],
) -> OrderId:
    """Its stock is promised under `exchange_id` already."""
    assert order.shipping_address is not None
    request = PlaceOrder(
        checkout_id=exchange_id,
        cart_id=CartId(derived_id(exchange_id, "cart")),
        customer_id=order.customer_id,
        email=order.email or "",
        shipping_address=order.shipping_address,
        billing_address=order.billing_address,
        lines=list(lines),
        total=line_total(lines, order.total.currency),
        note=f"In exchange for goods of order {order.number}",
    )
    placed = await place(uow, request=request)
    new = await orders.lock_order(uow.connection, placed.order_id)
    assert new is not None
    await pay(context, uow, new)
    return placed.order_id

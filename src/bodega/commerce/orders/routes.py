"""HTTP of orders."""

from typing import Annotated

from fastapi import APIRouter

from bodega.backbone.http.deps import PageQuery, SignedIn, Staff, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.orders.errors import OrderNotFound
from bodega.contracts.orders import OrderChange, Orders, OrderStatus, OrderView
from bodega.kernel.ids import OrderId, UserId
from bodega.kernel.page import Page

router = api_router("orders", "/orders")
staff = admin_router("orders", "/orders")

AllOrders = Annotated[Orders, provided(Orders)]


@router.get("")
async def list_own_orders(who: SignedIn, orders: AllOrders, page: PageQuery) -> Page[OrderView]:
    """The caller's orders, newest first."""
    assert who.id is not None
    return await orders.of_customer(UserId(who.id), page)


@router.get("/{order_id}")
async def get_own_order(who: SignedIn, orders: AllOrders, order_id: OrderId) -> OrderView:
    """One of the caller's orders; somebody else's is as good as none."""
    order = await orders.order(order_id)
    if order is None or order.customer_id != who.id:
        raise OrderNotFound
    return order


@staff.get("")
async def list_orders(
    who: Staff, orders: AllOrders, page: PageQuery, status: OrderStatus | None = None
) -> Page[OrderView]:
    """Everybody's orders, newest first."""
    return await orders.latest(page, status=status)


@staff.get("/{order_id}")
async def get_order(who: Staff, orders: AllOrders, order_id: OrderId) -> OrderView:
    order = await orders.order(order_id)
    if order is None:
        raise OrderNotFound
    return order


@staff.get("/{order_id}/history")
async def get_history(who: Staff, orders: AllOrders, order_id: OrderId) -> list[OrderChange]:
    """What happened, when, by whom and why, oldest first."""
    if await orders.order(order_id) is None:
        raise OrderNotFound
    return await orders.history(order_id)


ROUTERS: list[APIRouter] = [router, staff]

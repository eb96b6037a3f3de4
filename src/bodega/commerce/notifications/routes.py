"""HTTP of notifications, for staff."""

from typing import Annotated

from fastapi import APIRouter

from bodega.backbone.http.deps import Staff, provided
from bodega.backbone.http.router import admin_router
from bodega.contracts.notifications import Notifications, NotificationView
from bodega.kernel.ids import OrderId

staff = admin_router("notifications", "/orders/{order_id}/notifications")

Messages = Annotated[Notifications, provided(Notifications)]


@staff.get("")
async def list_notifications(
    who: Staff, messages: Messages, order_id: OrderId
) -> list[NotificationView]:
    """What was sent for an order, or is about to be."""
    return await messages.of_order(order_id)


ROUTERS: list[APIRouter] = [staff]

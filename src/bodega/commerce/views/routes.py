"""HTTP of views: for staff."""

from typing import Annotated

from fastapi import APIRouter

from bodega.backbone.http.deps import PageQuery, Staff, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.views.errors import CustomerNotSeen, HistoryNotFound
from bodega.contracts.views import CustomerSummary, OrderHistory, StockSummary, Views
from bodega.kernel.ids import OrderId, UserId
from bodega.kernel.page import Page

router = api_router("views", "/admin/views")

Kept = Annotated[Views, provided(Views)]


@router.get("/orders/{order_id}")
async def get_order_history(who: Staff, views: Kept, order_id: OrderId) -> OrderHistory:
    """An order with everything that events told of it, oldest first."""
    found = await views.order_history(order_id)
    if found is None:
        raise HistoryNotFound
    return found


@router.get("/customers/{customer_id}")
async def get_customer(who: Staff, views: Kept, customer_id: UserId) -> CustomerSummary:
    """What a customer has bought, by currency."""
    found = await views.customer(customer_id)
    if found is None:
        raise CustomerNotSeen
    return found


@router.get("/stock")
async def list_stock(who: Staff, views: Kept, page: PageQuery) -> Page[StockSummary]:
    """What came in, what was sold and what is left, by variant."""
    return await views.stock(page)


ROUTERS: list[APIRouter] = [router]

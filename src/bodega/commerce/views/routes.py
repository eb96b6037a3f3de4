"""HTTP of views: for staff."""

from typing import Annotated

from fastapi import APIRouter, Query

from bodega.backbone.http.deps import PageQuery, Staff, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.views.errors import CustomerNotSeen, HistoryNotFound
from bodega.commerce.views.schemas import MetricQuery
from bodega.contracts.metrics import MetricAnswer, Metrics, MetricView
from bodega.contracts.views import CustomerSummary, OrderHistory, StockSummary, Views
from bodega.kernel.ids import OrderId, UserId
from bodega.kernel.page import Page

router = api_router("views", "/admin/views")

metrics_router = api_router("metrics", "/admin/metrics")

Kept = Annotated[Views, provided(Views)]
Numbers = Annotated[Metrics, provided(Metrics)]


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


@metrics_router.get("")
async def list_metrics(who: Staff, metrics: Numbers) -> list[MetricView]:
    """Every metric: what it means, who answers for it, how it is counted."""
    return await metrics.definitions()


@metrics_router.get("/{name}")
async def get_metric(
    who: Staff,
    metrics: Numbers,
    name: str,
    asked: Annotated[MetricQuery, Query()],
) -> MetricAnswer:
    """A metric by dimensions, over days in UTC, both included."""
    return await metrics.ask(name=name, **asked.model_dump())


ROUTERS: list[APIRouter] = [router, metrics_router]

"""HTTP of read models, metrics and the lake's dictionary: for staff."""

from typing import Annotated

from fastapi import APIRouter, Query

from bodega.backbone.http.deps import Admin, PageQuery, Staff, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.views.errors import (
    CustomerNotSeen,
    HistoryNotFound,
    LakeColumnNotFound,
    LakeTableNotFound,
)
from bodega.commerce.views.schemas import LakeQuery, MetricQuery, ReadsQuery
from bodega.contracts.accesses import Accesses, AccessReport
from bodega.contracts.dictionary import ColumnView, Dictionary, Found, TableLine, TableView
from bodega.contracts.metrics import MetricAnswer, Metrics, MetricView
from bodega.contracts.views import CustomerSummary, OrderHistory, StockSummary, Views
from bodega.kernel.ids import OrderId, UserId
from bodega.kernel.page import Page

router = api_router("views", "/admin/views")

metrics_router = api_router("metrics", "/admin/metrics")

lake_router = api_router("lake", "/admin/lake")

Kept = Annotated[Views, provided(Views)]
Log = Annotated[Accesses, provided(Accesses)]
Data = Annotated[Dictionary, provided(Dictionary)]
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


@lake_router.get("/tables")
async def list_tables(
    who: Staff, lake: Data, asked: Annotated[LakeQuery, Query()]
) -> list[TableLine] | list[Found]:
    """Every table of a layer or of all; with `q`, what is called or described by its words."""
    if asked.q:
        return await lake.search(words=asked.q, limit=asked.limit)
    return await lake.tables(layer=asked.layer)


@lake_router.get("/tables/{name}")
async def get_table(who: Staff, lake: Data, name: str) -> TableView:
    """A table of the lake with its columns, tests, neighbours and queries to begin with."""
    found = await lake.table(name=name)
    if found is None:
        raise LakeTableNotFound
    return found


@lake_router.get("/lineage/{column}")
async def get_lineage(who: Staff, lake: Data, column: str) -> ColumnView:
    """What a column is made of, to the field of its source, and what is made of it."""
    found = await lake.column(name=column)
    if found is None:
        raise LakeColumnNotFound
    return found


@lake_router.get("/reads")
async def list_reads(
    who: Admin, accesses: Log, asked: Annotated[ReadsQuery, Query()]
) -> AccessReport:
    """Who read which table, through which door, when and what for; the newest first."""
    return await accesses.report(**asked.model_dump())


ROUTERS: list[APIRouter] = [router, metrics_router, lake_router]

"""The console's pages, for staff."""

import hashlib
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.kernel.clock import SystemClock
from bodega.web.access import ConsoleStaff
from bodega.web.console.chart import bars_of
from bodega.web.console.lag import LagReader, lag_reader
from bodega.web.console.overview import MUCH, Overview, look
from bodega.web.console.todo import TodoReader, todo_reader
from bodega.web.formats import formats
from bodega.web.pages import render

router = APIRouter(prefix="/console", include_in_schema=False)


def instant() -> datetime:
    return SystemClock().now()


async def overview(
    request: Request,
    metrics: Annotated[Metrics, provided(Metrics)],
    freshness: Annotated[Freshness, provided(Freshness)],
    lag: Annotated[LagReader, Depends(lag_reader)],
    now: Annotated[datetime, Depends(instant)],
) -> Overview:
    settings: Settings = request.app.state.settings
    return await look(metrics, freshness, lag(), now=now, currency=settings.currency)


Seen = Annotated[Overview, Depends(overview)]


@router.get("")
async def show_overview(
    request: Request,
    who: ConsoleStaff,
    seen: Seen,
    todo: Annotated[TodoReader, Depends(todo_reader)],
) -> Response:
    return render(
        request,
        "console/overview.html",
        seen=seen,
        chart=bars_of(seen.by_day, currency=seen.currency) if seen.by_day else None,
        todo=await todo(),
        much=MUCH,
        version=_version(seen),
    )


@router.get("/overview.json")
async def overview_numbers(request: Request, who: ConsoleStaff, seen: Seen) -> Response:
    """The page's numbers for its refresh script; `version` moves when anything but time did."""
    body = {
        "version": _version(seen),
        "state": seen.state,
        "as_of": seen.as_of,
        "texts": _texts(request, seen),
        **_numbers(seen),
    }
    return JSONResponse(jsonable_encoder(body), headers={"cache-control": "private, no-store"})


def _numbers(seen: Overview) -> dict[str, Any]:
    return {
        "today": seen.today,
        "by_day": seen.by_day,
        "top_products": seen.top,
        "latest_orders": seen.latest,
        "lag": seen.lag,
    }


def _version(seen: Overview) -> str:
    numbers = repr(jsonable_encoder({**_numbers(seen), "state": seen.state}))
    return hashlib.sha256(numbers.encode()).hexdigest()[:16]


def _texts(request: Request, seen: Overview) -> dict[str, str]:
    """By `data-text` name: what stands in the page, formatted."""
    settings: Settings = request.app.state.settings
    form = formats(settings.locale)
    texts = {"freshness": seen.freshness_text}
    if seen.today is not None:
        texts["orders-today"] = form.number(seen.today.orders)
        texts["units-today"] = form.number(seen.today.units)
        texts["net-today"] = form.money(seen.today.net)
        texts["returned-today"] = form.money(seen.today.returned)
    return texts

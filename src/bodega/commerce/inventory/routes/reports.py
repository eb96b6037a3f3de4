"""HTTP of stock reports: JSON for programs, CSV for spreadsheets."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from bodega.backbone.http.deps import Staff, provided
from bodega.backbone.http.router import admin_router
from bodega.backbone.http.sheets import csv_of
from bodega.contracts.warehouse import (
    AgeingRow,
    Named,
    StockOutRow,
    StockSummary,
    TurnoverRow,
    ValuationRow,
    Warehouse,
)
from bodega.kernel.clock import SystemClock

router = admin_router("inventory", "/stock-reports")

Books = Annotated[Warehouse, provided(Warehouse)]
DAYS = timedelta(days=30)
_FIRST = datetime.min.replace(tzinfo=UTC) + DAYS
_clock = SystemClock()


class Wanted(BaseModel):
    """How much of a report, and as what; a CSV file without `limit` has every row."""

    format: Literal["json", "csv"] = "json"
    limit: Annotated[int | None, Query(ge=1, le=10_000)] = None

    @property
    def rows(self) -> int | None:
        return self.limit or (100 if self.format == "json" else None)


class Period(BaseModel):
    """The last thirty days by default."""

    since: datetime
    until: datetime


def period(since: AwareDatetime | None = None, until: AwareDatetime | None = None) -> Period:
    end = until or _clock.now()
    start = since or max(end, _FIRST) - DAYS
    return Period(since=start, until=end)


Asked = Annotated[Wanted, Depends()]
Between = Annotated[Period, Depends(period)]


@router.get("/summary")
async def get_summary(who: Staff, books: Books) -> StockSummary:
    return await books.summary()


@router.get("/valuation", response_model=list[ValuationRow])
async def get_valuation(who: Staff, books: Books, asked: Asked) -> object:
    """What the stock cost, first in first out; the dearest first."""
    return _answer(ValuationRow, await books.valuation(limit=asked.rows), asked)


@router.get("/ageing", response_model=list[AgeingRow])
async def get_ageing(who: Staff, books: Books, asked: Asked) -> object:
    """How long the stock has been there; the oldest first."""
    return _answer(AgeingRow, await books.ageing(limit=asked.rows), asked)


@router.get("/turnover", response_model=list[TurnoverRow])
async def get_turnover(who: Staff, books: Books, asked: Asked, between: Between) -> object:
    """Units sent against the average on hand; the most sent first."""
    rows = await books.turnover(since=between.since, until=between.until, limit=asked.rows)
    return _answer(TurnoverRow, rows, asked)


@router.get("/stock-outs", response_model=list[StockOutRow])
async def get_stock_outs(who: Staff, books: Books, asked: Asked, between: Between) -> object:
    """Days on which nothing was free to sell; the longest first."""
    rows = await books.stock_outs(since=between.since, until=between.until, limit=asked.rows)
    return _answer(StockOutRow, rows, asked)


def _answer(kind: type[Named], rows: Sequence[Named], asked: Wanted) -> object:
    if asked.format == "json":
        return rows
    return Response(csv_of(kind, rows), media_type="text/csv; charset=utf-8")


ROUTERS: list[APIRouter] = [router]

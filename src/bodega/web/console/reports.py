"""Stock reports in the console, each with a small chart and as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.http.sheets import csv_of
from bodega.contracts.warehouse import (
    AgeingRow,
    Named,
    StockOutRow,
    TurnoverRow,
    ValuationRow,
    Warehouse,
)
from bodega.kernel.clock import SystemClock
from bodega.web.access import ConsoleStaff
from bodega.web.pages import render

router = APIRouter(prefix="/console/reports", include_in_schema=False)

Books = Annotated[Warehouse, provided(Warehouse)]
Report = Literal["valuation", "ageing", "turnover", "stock-outs"]
LISTED = 50
CHARTED = 10
NAMES: dict[Report, tuple[str, str]] = {
    "valuation": ("Value", "What the stock cost, first in first out; the dearest first."),
    "ageing": ("Age", "How long the units have been there, first in first out; the oldest first."),
    "turnover": ("Turnover", "Units sent against the average on hand; the most sent first."),
    "stock-outs": ("Days without stock", "When nothing was free to sell; the longest first."),
}
_KINDS: dict[Report, type[Named]] = {
    "valuation": ValuationRow,
    "ageing": AgeingRow,
    "turnover": TurnoverRow,
    "stock-outs": StockOutRow,
}
_BANDS = (
    ("days_0_30", "up to 30 days"),
    ("days_31_90", "31 to 90"),
    ("days_91_180", "91 to 180"),
    ("days_181_365", "181 to 365"),
    ("days_over_365", "over a year"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a chart; `share` is of the longest one, in percent."""

    label: str
    value: int | Decimal
    share: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report, and of how many days back."""

    report: Report = "valuation"
    days: Annotated[int, Query(ge=1, le=730)] = 30


Asked = Annotated[Wanted, Depends(Wanted)]


@router.get("")
async def show_report(request: Request, who: ConsoleStaff, books: Books, wanted: Asked) -> Response:
    rows = await _rows(books, wanted, limit=LISTED)
    return render(
        request,
        "console/reports.html",
        wanted=wanted,
        names=NAMES,
        order=get_args(Report),
        rows=rows,
        bars=_bars(wanted.report, rows),
        bands=_BANDS,
    )


@router.get("/file")
async def download(who: ConsoleStaff, books: Books, wanted: Asked) -> Response:
    """Every row, as CSV."""
    rows = await _rows(books, wanted, limit=None)
    name = f'attachment; filename="stock-{wanted.report}.csv"'
    headers = {"content-disposition": name, "cache-control": "private, no-store"}
    text = csv_of(_KINDS[wanted.report], rows)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def _rows(books: Warehouse, wanted: Wanted, *, limit: int | None) -> Sequence[Named]:
    until = SystemClock().now()
    since: datetime = until - timedelta(days=wanted.days)
    if wanted.report == "valuation":
        return await books.valuation(limit=limit)
    if wanted.report == "ageing":
        return await books.ageing(limit=limit)
    if wanted.report == "turnover":
        return await books.turnover(since=since, until=until, limit=limit)
    return await books.stock_outs(since=since, until=until, limit=limit)


def _bars(report: Report, rows: Sequence[Named]) -> list[Bar]:
    """Age is one chart of all rows; the others show their first ones."""
    if report == "ageing":
        sums = [(label, sum(getattr(row, band) for row in rows)) for band, label in _BANDS]
        return _scaled(sums)
    return _scaled([(row.sku or "not in the catalogue", _measure(row)) for row in rows[:CHARTED]])


def _measure(row: Named) -> int | Decimal:
    """What the report's chart shows of a row."""
    if isinstance(row, ValuationRow):
        return row.value.decimal if row.value else 0
    if isinstance(row, TurnoverRow):
        return row.sent
    return row.days if isinstance(row, StockOutRow) else 0


def _scaled(found: Sequence[tuple[str, int | Decimal]]) -> list[Bar]:
    most = max((value for _, value in found), default=0)
    if not most:
        return []
    return [Bar(label, value, round(float(value / most) * 100, 1)) for label, value in found]

"""A report's figures, asked of published gold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bodega.insight.gold import GoldReader
from bodega.insight.reports.declared import Report, ReportTable
from bodega.insight.reports.period import Days, days_of
from bodega.insight.semantic.model import Metric, metric
from bodega.insight.semantic.question import Question
from bodega.kernel.money import Money

VIA = "report"
_IN_ORDER = {"day", "month"}
_MOST_GROUPS = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """`values` in the order of the table's metrics; None where nothing can be told."""

    groups: tuple[str | None, ...]
    currency: str | None
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """`left_out` groups came after the table's limit."""

    title: str
    metrics: tuple[Metric, ...]
    by: tuple[str, ...]
    rows: Sequence[Row]
    left_out: int


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """`known_at` is how far gold knew the shop."""

    name: str
    report: Report
    days: Days
    tables: Sequence[WrittenTable]
    known_at: datetime | None


async def write(
    gold: GoldReader, name: str, report: Report, *, today: date, known_at: datetime | None
) -> WrittenReport:
    """Raises AccessUnrecorded."""
    days = days_of(report.period, today)
    tables = [await _table(gold, table, report.currency, days) for table in report.tables]
    return WrittenReport(name, report, days, tables, known_at)


async def _table(
    gold: GoldReader, declared: ReportTable, currency: str | None, days: Days
) -> WrittenTable:
    """Metrics may lie in different tables of gold: each is asked, and they meet by group."""
    asked = tuple(metric(name) for name in declared.metrics)
    found: dict[tuple[Any, ...], dict[str, int | None]] = {}
    for one in asked:
        question = Question(
            (one,), declared.by, days.since, days.until, currency, limit=_MOST_GROUPS
        )
        for row in await gold.rows(*question.sql(), via=VIA):
            group = (*(row[name] for name in declared.by), row["currency"])
            found.setdefault(group, {})[one.name] = row[one.name]
    rows = [
        Row(
            tuple(None if value is None else str(value) for value in group[:-1]),
            group[-1],
            tuple(values.get(one.name, _nothing(one)) for one in asked),
        )
        for group, values in found.items()
    ]
    rows.sort(key=lambda row: _order(row, declared.by))
    title = declared.title or _title(asked, declared.by)
    left_out = max(len(rows) - declared.limit, 0)
    return WrittenTable(title, asked, declared.by, rows[: declared.limit], left_out)


def _nothing(asked: Metric) -> int | None:
    return 0 if asked.adds_up else None


def _order(row: Row, by: Sequence[str]) -> tuple[Any, ...]:
    groups = tuple(value or "" for value in row.groups)
    if _IN_ORDER & set(by):
        return (groups, row.currency or "")
    return (row.currency or "", -(row.values[0] or 0), groups)


def _title(asked: Sequence[Metric], by: Sequence[str]) -> str:
    names = ", ".join(one.label for one in asked)
    return f"{names} by {' and '.join(by)}" if by else names


def shown(asked: Metric, value: int | None, currency: str | None) -> str:
    """`1250.00`, `7`, `12.5 %`: exact, in the metric's unit; nothing where there is nothing."""
    if value is None:
        return ""
    if asked.unit == "money" and currency:
        return str(Money(amount=value, currency=currency).decimal)
    if asked.unit == "basis_points":
        return f"{(Decimal(value) / 100).normalize():f} %"
    return str(value)

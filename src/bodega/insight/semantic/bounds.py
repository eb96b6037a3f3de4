"""Metrics that somebody wants to hear of: each rule's figure over its days, and whether it is odd.

Rules stand in the operator's `quality.yml`; what a metric is stands where it always does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from bodega.data.quality.policy import MetricBound
from bodega.insight.semantic.errors import DimensionUnknown
from bodega.insight.semantic.model import Metric, metric
from bodega.insight.semantic.question import Question

ADDS_UP = ("money", "count")


@dataclass(frozen=True, slots=True)
class Bounded:
    """`value` is that of the days `since` to `until`, in the metric's unit; None: none to tell."""

    metric: Metric
    bound: MetricBound
    currency: str | None
    since: date
    until: date
    value: int | None

    @property
    def crossed(self) -> bool:
        if self.value is None:
            return False
        below, above = self.bound.below, self.bound.above
        return (below is not None and self.value < below) or (
            above is not None and self.value > above
        )

    @property
    def key(self) -> str:
        """Names the rule, so that it is over when the rule's figure is right again."""
        parts = (self.metric.name, f"{self.bound.days}d", self.currency or "")
        return ":".join(part for part in parts if part)


def bounded(
    con: duckdb.DuckDBPyConnection, rules: Mapping[str, Sequence[MetricBound]], *, today: date
) -> Iterator[Bounded]:
    """Every rule's figure over its last whole days. Raises MetricUnknown, DimensionUnknown."""
    until = today - timedelta(days=1)
    for name, bounds in rules.items():
        for bound in bounds:
            since = until - timedelta(days=bound.days - 1)
            yield from _figures(con, metric(name), bound, since, until)


def _figures(
    con: duckdb.DuckDBPyConnection, asked: Metric, bound: MetricBound, since: date, until: date
) -> Iterator[Bounded]:
    if asked.home.time is None:
        raise DimensionUnknown(asked.name, "time", sorted(asked.home.dimensions))
    question = Question((asked,), since=since, until=until, currency=bound.currency)
    sql, parameters = question.sql()
    found = {row[0]: row[1] for row in con.execute(sql, parameters).fetchall()}
    if not found:
        found = {bound.currency: 0 if asked.unit in ADDS_UP else None}  # nothing was sold
    for currency, value in found.items():
        yield Bounded(asked, bound, currency, since, until, value)

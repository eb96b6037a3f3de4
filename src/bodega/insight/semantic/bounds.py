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

STILL_SOLD = timedelta(days=90)
"""A currency with anything in so many days before counts as nothing where it is missing."""


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
        """Names the rule, so that it is over when the rule's figure is right again; a change of
        its limits leaves it the same. Rules of different severity are told apart."""
        graver = "error" if self.bound.severity == "error" else ""
        parts = (self.metric.name, f"{self.bound.days}d", self.currency or "", graver)
        return ":".join(part for part in parts if part)


def bounded(
    con: duckdb.DuckDBPyConnection, rules: Mapping[str, Sequence[MetricBound]], *, today: date
) -> Iterator[Bounded]:
    """Every rule's figure over its last whole days. Raises MetricUnknown, DimensionUnknown."""
    until = today - timedelta(days=1)
    for name, bounds in rules.items():
        asked = metric(name)
        if asked.home.time is None:
            raise DimensionUnknown(name, "time", sorted(asked.home.dimensions))
        for bound in bounds:
            since = until - timedelta(days=bound.days - 1)
            for currency, value in _figures(con, asked, bound, since, until).items():
                yield Bounded(asked, bound, currency, since, until, value)


def _figures(
    con: duckdb.DuckDBPyConnection, asked: Metric, bound: MetricBound, since: date, until: date
) -> dict[str | None, int | None]:
    """By currency; where nothing was sold, nothing is the figure of what adds up."""
    found = _by_currency(con, Question((asked,), (), since, until, bound.currency))
    if not asked.adds_up:
        return found or {bound.currency: None}
    before = Question((asked,), (), since - STILL_SOLD, until, bound.currency)
    known: dict[str | None, int | None] = dict.fromkeys(
        _by_currency(con, before) or [bound.currency], 0
    )
    return known | {currency: value or 0 for currency, value in found.items()}


def _by_currency(
    con: duckdb.DuckDBPyConnection, question: Question
) -> dict[str | None, int | None]:
    return {row[0]: row[1] for row in con.execute(*question.sql()).fetchall()}

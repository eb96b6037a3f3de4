"""Whether every metric is what it says: roll-ups agree with the home, identities hold."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from bodega.insight.semantic.model import Metric, Place, metrics

_Values = dict[str | None, int | None]


@dataclass(frozen=True, slots=True)
class MetricCheck:
    """`against` is a roll-up's table or an identity's name; `wrong` are the currencies that differ,
    or the groups of a currency, each with both values."""

    metric: str
    against: str
    wrong: dict[str, tuple[int | None, int | None]]

    @property
    def passed(self) -> bool:
        return not self.wrong


def check(con: duckdb.DuckDBPyConnection) -> Iterator[MetricCheck]:
    """Every roll-up and identity of every metric, over the published tables `con` sees."""
    for metric in metrics().values():
        for place in metric.rollups:
            groups = sorted(place.dimensions)
            home, rollup = (_values(con, _told(at, groups)) for at in (metric.home, place))
            yield _compared(metric, place.table, home, rollup)
        for test in metric.tests:
            total = _values(con, _told(metric.home, []))
            yield _compared(metric, test.name, total, _values(con, test.equals))


def _told(place: Place, groups: list[str]) -> str:
    """The metric by currency and `groups`, which are one text."""
    names = [place.currency or "cast(null as varchar)", *(place.dimensions[g] for g in groups)]
    return (
        f"select concat_ws(' ', {', '.join(names)}), cast({place.formula} as bigint) "
        f'from gold."{place.table}" where ({place.where}) group by 1'
    )


def _values(con: duckdb.DuckDBPyConnection, sql: str) -> _Values:
    return {row[0]: row[1] for row in con.execute(sql).fetchall()}


def _compared(metric: Metric, against: str, home: _Values, other: _Values) -> MetricCheck:
    """Nothing and zero are the same."""
    wrong = {
        str(currency): (home.get(currency), other.get(currency))
        for currency in {*home, *other}
        if (home.get(currency) or 0) != (other.get(currency) or 0)
    }
    return MetricCheck(metric.name, against, wrong)

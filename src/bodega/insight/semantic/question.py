"""A question about metrics, as SQL over gold."""

from dataclasses import dataclass
from datetime import date

from bodega.insight.semantic.errors import DimensionUnknown
from bodega.insight.semantic.model import Metric, Place


@dataclass(frozen=True, slots=True)
class Question:
    """One metric, or several that lie in the same table. `by` are dimensions; days are in UTC, both
    ends included."""

    metrics: tuple[Metric, ...]
    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    currency: str | None = None
    limit: int = 1000

    def sql(self) -> tuple[str, list[object]]:
        """One SELECT of the dimensions, `currency` and each metric by its name, and its
        parameters. Raises DimensionUnknown."""
        places = [self._place(metric) for metric in self.metrics]
        first = places[0]
        if any(
            (p.table, p.where, p.time) != (first.table, first.where, first.time) for p in places
        ):
            raise ValueError("these metrics do not lie in one table")
        named = [f'{first.dimensions[name]} as "{name}"' for name in self.by]
        named.append(f"{first.currency or 'cast(null as varchar)'} as currency")
        groups = ", ".join(str(n + 1) for n in range(len(named)))
        named += [
            f'cast({place.formula} as bigint) as "{metric.name}"'
            for metric, place in zip(self.metrics, places, strict=True)
        ]
        conditions, parameters = self._conditions(first)
        sql = (
            f'select {", ".join(named)} from gold."{first.table}" '
            f"where {' and '.join(conditions)} "
            f"group by {groups} order by {groups} limit {int(self.limit)}"
        )
        return sql, parameters

    def _place(self, metric: Metric) -> Place:
        timed = self.since is not None or self.until is not None
        if timed and metric.home.time is None:
            raise DimensionUnknown(metric.name, "time", sorted(metric.home.dimensions))
        return metric.place_for(list(self.by), timed=timed)

    def _conditions(self, place: Place) -> tuple[list[str], list[object]]:
        asked = (
            (self.since, f"{place.time} >= ?"),
            (self.until, f"{place.time} <= ?"),
            (self.currency, f"{place.currency} = ?"),
        )
        given = [(value, condition) for value, condition in asked if value is not None]
        conditions = [f"({place.where})", *(condition for _, condition in given)]
        return conditions, [value for value, _ in given]

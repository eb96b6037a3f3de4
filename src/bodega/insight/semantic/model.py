"""Metrics as they are declared: what each means, who answers for it, and how it is counted."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bodega.insight.semantic.errors import DimensionUnknown, MetricUnknown

Unit = Literal["money", "count", "basis_points", "days"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Declared):
    """A table of gold that can tell a metric: by `formula`, over rows where `where` holds.
    `dimensions` are names and what they are in this table; `time` is the day a row counts for."""

    table: str
    formula: str
    where: str = "true"
    time: str | None = None
    currency: str | None = "currency"
    dimensions: Mapping[str, str] = {}


class Identity(_Declared):
    """What the metric must equal, per currency and over all time: a query of (currency, value)."""

    name: str
    equals: str


class Metric(_Declared):
    """`grain` says what one row of its home is. Money is in minor units, shares in basis points.
    What `adds_up` is nothing where there are no rows; a mean or a share cannot be told then."""

    name: str = Field(pattern="^[a-z][a-z_]*$")
    label: str
    description: str
    owner: str
    unit: Unit
    grain: str
    adds_up: bool = True
    home: Place
    rollups: tuple[Place, ...] = ()
    tests: tuple[Identity, ...] = ()

    @model_validator(mode="after")
    def _rollups_know_no_more(self) -> "Metric":
        for place in self.rollups:
            if extra := set(place.dimensions) - set(self.home.dimensions):
                raise ValueError(f"{self.name}: {place.table} knows more than home: {extra}")
        return self

    def place_for(self, dimensions: list[str], *, timed: bool) -> Place:
        """The smallest table that knows them all. Raises DimensionUnknown."""
        for name in dimensions:
            if name not in self.home.dimensions:
                raise DimensionUnknown(self.name, name, sorted(self.home.dimensions))
        for place in self.rollups:
            if set(dimensions) <= set(place.dimensions) and (place.time or not timed):
                return place
        return self.home


@cache
def metrics() -> Mapping[str, Metric]:
    """Every declared metric by its name."""
    import yaml

    text = files("bodega.insight.semantic").joinpath("metrics.yml").read_text()
    declared = [Metric.model_validate(one) for one in yaml.safe_load(text)["metrics"]]
    return {metric.name: metric for metric in declared}


def metric(name: str) -> Metric:
    """Raises MetricUnknown."""
    try:
        return metrics()[name]
    except KeyError as error:
        raise MetricUnknown(name) from error

"""What is expected of each table: how fresh, which values, what is odd, how much it matters.

The shop's own tables are declared in `policy.yml` beside this file. A `quality.yml` of the shop's
operator says the same things of its sources, and overrides what is said here.

    tables:
      bronze.suppliers__prices:
        freshness: {warn: 2 hours, late: 1 day}
        columns:
          price: {at_least: 0, severity: block}
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from bodega.data.ingest.sources.streams import duration
from bodega.kernel.errors import Invalid

Severity = Literal["block", "warn"]
Span = Annotated[timedelta, BeforeValidator(duration)]
Limit = int | FiniteFloat
LAYERS = ("bronze", "silver", "gold")
TABLE = r"^(bronze|silver|gold)\.[a-z][a-z0-9_]*$"


class QualityMalformed(Invalid):
    code = "quality_malformed"
    title = "The quality file breaks a rule"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@cache
def _matching(pattern: str) -> str:
    """As the engine that counts reads it. Raises ValueError."""
    import duckdb

    try:
        with duckdb.connect() as con:
            con.execute("select regexp_full_match('', ?)", [pattern])
    except duckdb.Error as error:
        said = str(error).splitlines()[0].partition(": ")[2]
        raise ValueError(f"{pattern!r} is no pattern (RE2): {said}") from error
    return pattern


class Freshness(_Strict):
    """How old a table may be: `warn` after, `late` after. Its age is the time since it was last
    known to be up to date; with `of`, since the newest value of that column."""

    warn: Span
    late: Span
    of: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Freshness":
        if self.warn > self.late:
            raise ValueError("`warn` comes before `late`")
        return self


class ColumnPolicy(_Strict):
    """What a value may be; null only where not `required`. `personal` values are never shown.
    A rule that is `block` keeps a load that breaks it from the readers."""

    required: bool = False
    one_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    at_least: Limit | None = None
    at_most: Limit | None = None
    matches: Annotated[str, AfterValidator(_matching)] | None = None
    severity: Severity = "warn"
    personal: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> "ColumnPolicy":
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise ValueError("nothing is `at_least` and `at_most` that")
        return self


class Watch(_Strict):
    """When a number is odd: further than `z` robust deviations from its history, once there are
    `history` profiles to tell; a column's distribution when its PSI is above `psi`. A table that
    loses more than the share `shrink` of its rows from one publishing to the next is not
    published. `by` is the instant or day a row counts for; only the last `days` are profiled."""

    z: float = Field(4.0, gt=0)
    history: int = Field(8, ge=3)
    psi: float = Field(0.25, gt=0)
    shrink: float | None = Field(None, ge=0, le=1)
    by: str | None = None
    days: int | None = Field(None, ge=7)


class TablePolicy(_Strict):
    """`into` is where the rows of a bronze table of envelopes are next, `money` its columns in
    minor units of `currency`."""

    owner: str = ""
    freshness: Freshness | None = None
    columns: Mapping[str, ColumnPolicy] = {}
    watch: Watch = Watch()
    into: str | None = None
    money: tuple[str, ...] = ()
    currency: str | None = None


class MetricBound(_Strict):
    """Somebody hears of it when a metric over the last `days` whole days (UTC) is `below` or
    `above`, in its own unit: minor units, counts, basis points."""

    days: int = Field(1, ge=1, le=366)
    below: int | None = None
    above: int | None = None
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    severity: Literal["error", "warning"] = "warning"

    @model_validator(mode="after")
    def _bounds_something(self) -> "MetricBound":
        if self.below is None and self.above is None:
            raise ValueError("say `below` or `above`")
        return self


class Policy(_Strict):
    """`freshness` is by layer, for tables that do not say; `metrics` by name."""

    freshness: Mapping[str, Freshness] = {}
    tables: Mapping[Annotated[str, Field(pattern=TABLE)], TablePolicy] = {}
    metrics: Mapping[str, tuple[MetricBound, ...]] = {}

    def of(self, table: str) -> TablePolicy:
        """What is said of `gold.fct_orders`, or of nothing in particular."""
        return self.tables.get(table, _NOTHING)

    def freshness_of(self, table: str) -> Freshness | None:
        return self.of(table).freshness or self.freshness.get(table.partition(".")[0])


_NOTHING = TablePolicy()


@cache
def shipped() -> Mapping[str, Any]:
    """`policy.yml`, as written."""
    text = files("bodega.data.quality").joinpath("policy.yml").read_text()
    content: Mapping[str, Any] = yaml.safe_load(text)
    return content


def read_policy(path: Path | None = None) -> Policy:
    """Ours, overridden by the file at `path` where there is one. Raises QualityMalformed."""
    own: Any = {}
    if path is not None and path.is_file():
        try:
            own = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise QualityMalformed(f"{path} cannot be read: {error}") from error
        if not isinstance(own, dict):
            raise QualityMalformed(f"{path} is no mapping: see docs/quality.md")
    try:
        return Policy.model_validate(_merged(shipped(), own))
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors()
        )
        raise QualityMalformed(f"{path} breaks a rule: {said}") from error


def _merged(ours: Any, theirs: Any) -> Any:
    if not isinstance(ours, Mapping) or not isinstance(theirs, Mapping):
        return theirs
    return {
        name: _merged(ours[name], theirs[name])
        if name in ours and name in theirs
        else theirs.get(name, ours.get(name))
        for name in {**ours, **theirs}
    }

"""How old each table is, against what is promised of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from bodega.data.ingest.sources.config import SourceConfig, SourcesFile
from bodega.data.ingest.sources.runs import Run, read_runs
from bodega.data.lake.paths import BRONZE, bronze_table
from bodega.data.lake.published import checked_at, read_published
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.data.quality.newest import newest_value
from bodega.data.quality.policy import Freshness, Policy
from bodega.kernel.clock import Clock, SystemClock

State = Literal["ok", "warn", "late", "unknown", "unwatched"]
PULSE = "feed.json"
SETTLED = timedelta(minutes=5)
"""What the feed vouches for is in gold by then."""
_WORST: tuple[State, ...] = ("late", "warn", "unknown", "ok", "unwatched")


@dataclass(frozen=True, slots=True)
class TableAge:
    """`as_of` is when the table was last known to be up to date; None: never. `promise` None:
    nothing is promised, the state is `unwatched`."""

    table: str
    as_of: datetime | None
    age_seconds: float | None
    promise: Freshness | None
    state: State
    rows: int | None = None
    why: str = ""

    @property
    def layer(self) -> str:
        return self.table.partition(".")[0]


def record_pulse(lake: Place, *, fresh_as_of: datetime, state: str, error: str) -> None:
    """The change feed says how far it is; kept beside the warehouse."""
    content = {"fresh_as_of": fresh_as_of.isoformat(), "state": state, "error": error}
    LakeRoot(at(lake).work).write_json(PULSE, content)


def read_pulse(lake: Place) -> tuple[datetime | None, str]:
    """As of when the feed had everything, and what holds it up; None where no feed was seen."""
    told = LakeRoot(at(lake).work).read_json(PULSE)
    if told is None:
        return None, ""
    return datetime.fromisoformat(str(told["fresh_as_of"])), str(told.get("error", ""))


def knows_until(lake: Place, instant: datetime) -> bool:
    """Whether readers see all that happened before it: something later is there, or the pipelines
    found nothing newer in bronze and the feed nothing newer in the shop."""
    published = read_published(lake)
    if published.known_at is not None and published.known_at >= instant:
        return True
    found, (fed, _) = checked_at(lake), read_pulse(lake)
    known = found is not None and fed is not None and min(found, fed) >= instant + SETTLED
    return known and not published.held and bool(published.tables)


def worst(ages: Iterator[TableAge] | list[TableAge]) -> State:
    states = {age.state for age in ages}
    return next((state for state in _WORST if state in states), "unwatched")


def freshness(
    lake: Place,
    policy: Policy,
    sources: SourcesFile | None = None,
    clock: Clock | None = None,
) -> list[TableAge]:
    """Every table of the lake, by name."""
    asked = _Asked(at(lake), policy, (clock or SystemClock()).now())
    ages = [*asked.gold(), *asked.shop()]
    if sources is not None:
        ages += asked.sources(sources)
    return sorted(ages, key=lambda age: age.table)


@dataclass(frozen=True)
class _Asked:
    root: LakeRoot
    policy: Policy
    now: datetime

    def gold(self) -> Iterator[TableAge]:
        """Up to date when the pipelines found it so, and the feed had brought everything."""
        fed, error = read_pulse(self.root)
        found = checked_at(self.root)
        as_of = min((t for t in (found, fed) if t is not None), default=None)
        if found is None:
            as_of = None
        for name, table in read_published(self.root).tables.items():
            yield self._age(f"gold.{name}", as_of, rows=table.rows, why=error)

    def shop(self) -> Iterator[TableAge]:
        """Bronze tables of the change feed, and the rows of silver made of them."""
        fed, error = read_pulse(self.root)
        found = checked_at(self.root)
        for name, table in self.policy.tables.items():
            if table.into is not None and fed is not None:
                yield self._age(name, fed, why=error)
                known = None if found is None else min(found, fed)
                yield self._age(f"silver.{table.into}", known, why=error)

    def sources(self, file: SourcesFile) -> Iterator[TableAge]:
        """Streams count as up to date when they were last read to the end."""
        runs = read_runs(self.root)
        read: dict[str, datetime | None] = {}
        for name, config in file.sources.items():
            run = runs.get(name)
            for stream in config.declared():
                table = bronze_table(name, stream.name)
                as_of = self._read_at(table, run)
                read[f"{name}.{stream.name}"] = as_of
                why = run.said if run and run.ok is False else ""
                yield self._age(f"bronze.{table}", as_of, why=why, otherwise=_scheduled(config))
        for name, mapping in file.every_mapping().items():
            known = [read.get(origin.stream) for origin in mapping.origins]
            oldest = None if None in known else min(t for t in known if t is not None)
            yield self._age(f"silver.{name}", oldest, otherwise=None, layered=False)

    def _read_at(self, table: str, run: Run | None) -> datetime | None:
        """The end of the last good reading, or the last commit where nobody reads by schedule."""
        names = self.root.names(f"{BRONZE}/_state/{table}")
        commits = [int(n.removesuffix(".json")) for n in names if n[:1].isdigit()]
        told = [datetime.fromtimestamp(max(commits) / 1_000_000, UTC)] if commits else []
        if run is not None and run.succeeded_at is not None:
            told.append(run.succeeded_at)
        return max(told, default=None)

    def _age(
        self,
        table: str,
        as_of: datetime | None,
        *,
        rows: int | None = None,
        why: str = "",
        otherwise: Freshness | None = None,
        layered: bool = True,
    ) -> TableAge:
        own = self.policy.of(table).freshness
        fallback = self.policy.freshness_of(table) if layered and _by_feed(table) else otherwise
        promise = own or fallback
        if promise is not None and promise.of is not None:
            as_of, unknown = newest_value(self.root, table, promise.of, now=self.now)
            why = unknown or why
        age = None if as_of is None else max(0.0, (self.now - as_of).total_seconds())
        return TableAge(table, as_of, age, promise, _state(age, promise), rows, why)


def _by_feed(table: str) -> bool:
    """Promises of a layer are for what the pipelines keep; a source has its schedule."""
    return not table.startswith("bronze.") or table.startswith("bronze.shop__")


def _state(age: float | None, promise: Freshness | None) -> State:
    if promise is None:
        return "unwatched"
    if age is None:
        return "unknown"
    if age > promise.late.total_seconds():
        return "late"
    return "warn" if age > promise.warn.total_seconds() else "ok"


def _scheduled(config: SourceConfig) -> Freshness | None:
    """A tick missed is a warning, two are late; a quarter of one is grace, an hour at most."""
    if config.schedule is None:
        return None
    every = config.schedule.every
    grace = min(every / 4, timedelta(hours=1))
    return Freshness(warn=every + grace, late=2 * every + grace)


def as_json(age: TableAge) -> dict[str, Any]:
    """For scripts."""
    promise = age.promise
    return {
        "table": age.table,
        "state": age.state,
        "as_of": None if age.as_of is None else age.as_of.isoformat(),
        "age_seconds": None if age.age_seconds is None else round(age.age_seconds, 1),
        "warn_seconds": None if promise is None else promise.warn.total_seconds(),
        "late_seconds": None if promise is None else promise.late.total_seconds(),
        "rows": age.rows,
        "why": age.why,
    }

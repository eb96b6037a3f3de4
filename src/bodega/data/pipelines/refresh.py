"""One refresh: what moved in bronze goes through the models, past the checks, to the readers."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import duckdb
from pydantic import BaseModel

from bodega.data.lake.paths import FEED_STATE
from bodega.data.lake.publish import publish
from bodega.data.lake.published import read_published
from bodega.data.lake.sets import ReadersHeld
from bodega.data.lake.storage import Place, at
from bodega.data.operations.runs import Run, recorded
from bodega.data.pipelines import months
from bodega.data.pipelines.bronze import NOTHING, BronzeTable, read_bronze
from bodega.data.pipelines.days import Days, gold_days, pending, tables_of
from bodega.data.pipelines.dbt import project_fingerprint
from bodega.data.pipelines.execute import NodeResult, build, build_anew
from bodega.data.pipelines.mapped import ABSENT, MappedTable, published_mapped, read_mapped
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.telling import (
    tell_bronze,
    tell_nodes,
    tell_refusals,
    tell_written,
)
from bodega.data.pipelines.warehouse import (
    Seen,
    Warehouse,
    begin,
    built_rows,
    news,
    remember,
    seen,
)
from bodega.data.quality.gate import Gate

HELD = "held: readers are kept on an older set; `bodega lake restore --latest` lets them go"


class Outcome(BaseModel):
    """How a refresh went. `moved` are tables of bronze, and `mapped.…` ones, `written` the
    partitions rewritten per gold table, `failures` the models, tests and checks that kept the
    readers on the old set, `days` what a backfill built anew, `run_id` where the history tells
    more."""

    state: Literal["nothing", "published", "blocked"]
    full: bool = False
    started_at: datetime
    seconds: float = 0.0
    moved: list[str] = []
    written: dict[str, list[str]] = {}
    failures: list[str] = []
    position: int | None = None
    known_at: datetime | None = None
    days: list[str] = []
    run_id: str | None = None

    @classmethod
    def nothing(cls) -> "Outcome":
        """Bronze holds nothing new."""
        return cls(state="nothing", started_at=datetime.now(UTC))


def refresh(
    warehouse: Warehouse,
    plan: Plan,
    *,
    full: bool = False,
    upto: int | None = None,
    days: Days | None = None,
    trigger: str = "command",
    gate: Gate | None = None,
) -> Outcome:
    """Bring the published set up to date with bronze.

    `upto` is the position up to which bronze is complete over all tables; later changes wait, so
    that no half-written transaction is ever counted. Without it everything bronze holds is taken.
    `full` rebuilds from the first change. So does a change of the dbt project. `days` builds what
    happened on them anew; days that a crash left half built are finished by any refresh. Tests and
    checks look at the months that changed, once a day and after a rebuild at everything. What was
    done is kept as a run, asked for by `trigger`. `gate` says what may not be published, and keeps
    what it found.
    """
    outcome = Outcome(state="nothing", started_at=datetime.now(UTC))
    clock = time.monotonic()
    if read_published(warehouse.lake).held:
        outcome.state, outcome.failures = "blocked", [HELD]
        return outcome
    with (
        recorded(
            warehouse.work,
            kind="backfill" if days else "refresh",
            name=str(days or "gold"),
            trigger=trigger,
            at_once=False,
        ) as run,
        warehouse.open() as con,
    ):
        load = _load(con, warehouse.lake, full=full, upto=upto, days=days)
        if load is not None:
            run.begin()
            work = _Work(con, plan, load, outcome, run, gate or Gate(warehouse.lake))
            _carry_out(work)
    outcome.seconds = round(time.monotonic() - clock, 3)
    return outcome


def _carry_out(work: "_Work") -> None:
    load, outcome, run = work.load, work.outcome, work.run
    outcome.full, outcome.moved, outcome.run_id = load.rebuild, load.moved, run.id
    outcome.days = sorted({str(day) for days in load.days.values() for day in days})
    tell_bronze(run, load.moved, load.changes)
    taken = sorted({*load.moved, *tables_of(load.days)})
    if load.rebuild:
        nodes = build_anew(work.con, work.plan)
    else:
        nodes = build(work.con, work.plan, taken, everything=load.everything)
    outcome.failures = _failed(nodes)
    outcome.state = "blocked"
    tell_nodes(run, nodes, built_rows(work.con))
    if not outcome.failures:
        try:
            _deliver(work, {*work.plan.touched(taken), *load.strayed})
        except ReadersHeld:  # since this began: what was built waits
            outcome.failures = [HELD]
    if outcome.failures:
        run.state, run.detail = "blocked", "; ".join(outcome.failures)


def complete_position(lake: Place) -> int | None:
    """Up to where bronze is complete over all tables, as the change feed says; None: unknown."""
    saved = at(lake).read_json(FEED_STATE)
    return None if saved is None else int(saved.get("position", NOTHING))


@dataclass(frozen=True)
class _Load:
    """What a refresh takes in: bronze as it stands, `reach` the last position it counts, `days` per
    root to build anew, `changes` how many there are per table, `everything` whether tests and
    checks look at more than what changed, `strayed` tables that readers have otherwise than they
    were given them."""

    lake: Place
    bronze: Mapping[str, BronzeTable]
    mapped: Mapping[str, MappedTable]
    moved: list[str]
    rebuild: bool
    reach: int
    known_at_ms: int | None
    days: Mapping[str, list[date]]
    changes: Mapping[str, int]
    everything: bool
    strayed: Collection[str]


def _load(
    con: duckdb.DuckDBPyConnection,
    lake: Place,
    *,
    full: bool,
    upto: int | None,
    days: Days | None,
) -> _Load | None:
    """Open a batch over what bronze has new; None when there is nothing to do."""
    bronze, mapped = read_bronze(lake), read_mapped(lake)
    reach = _reach(bronze, upto)
    before = seen(con)
    rebuild = full or before.project != project_fingerprint()
    if rebuild:
        before = Seen(before.batch, before.project, before.known_at_ms, {}, {}, {})
    moved = _moved(bronze, before, reach, upto) + _moved_mapped(mapped, before)
    strayed = months.strayed(con, read_published(lake))
    asked = days is not None or bool(pending(con)) or bool(strayed)
    if not moved and not asked and not (full or (rebuild and before.project)):
        return None
    begin(con, bronze, mapped, before, upto=reach, days=days)
    found = news(con, list(bronze), reach)
    known_at_ms = max(
        (at for at in (before.known_at_ms, found.newest_ms) if at is not None), default=None
    )
    return _Load(
        lake=lake,
        bronze=bronze,
        mapped=mapped,
        moved=moved,
        rebuild=rebuild,
        reach=reach,
        known_at_ms=known_at_ms,
        days=pending(con),
        changes=found.changes,
        everything=rebuild or months.due(con),
        strayed=strayed,
    )


@dataclass(frozen=True)
class _Work:
    """A load being carried out, by which plan, and whom to tell."""

    con: duckdb.DuckDBPyConnection
    plan: Plan
    load: _Load
    outcome: Outcome
    run: Run
    gate: Gate


def _deliver(work: _Work, touched: Collection[str]) -> None:
    """Check what was built; publish it if it is good."""
    con, load, outcome, run = work.con, work.load, work.outcome, work.run
    before = read_published(load.lake)
    parts = {} if load.everything else months.changed_parts(con, work.plan.gold, before)
    with run.timed("gate", kind="check"):
        outcome.failures = work.gate.admit(con, load.moved, load.reach, parts)
    tell_refusals(run, outcome.failures)
    if outcome.failures:
        return
    at = load.known_at_ms
    outcome.known_at = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    outcome.position = load.reach
    with run.timed("publish", kind="publish"):
        outcome.written = publish(
            con,
            load.lake,
            work.plan.gold,
            known_at=outcome.known_at,
            position=load.reach,
            touched=None if load.everything else touched,
            mapped=published_mapped(con, load.mapped, before.mapped, datetime.now(UTC)),
            rewrite=gold_days(work.plan.gold, load.days),
            parts=parts,
        )
    published = read_published(load.lake)
    remember(
        con,
        load.bronze,
        load.mapped,
        upto=load.reach,
        project=project_fingerprint(),
        known_at_ms=at,
        published=published,
        everything=load.everything,
    )
    outcome.state = "published"
    tell_written(run, published, outcome.written)
    work.gate.published(con, outcome.written, load.reach)


def _reach(bronze: Mapping[str, BronzeTable], upto: int | None) -> int:
    highest = max((table.position for table in bronze.values()), default=NOTHING)
    return highest if upto is None else min(highest, upto)


def _moved(
    bronze: Mapping[str, BronzeTable], before: Seen, reach: int, upto: int | None
) -> list[str]:
    """Tables with changes that count and were not counted. Where nobody vouches for complete
    transactions, or a file does not tell what it holds, a new version is news, too."""
    return [
        name
        for name, table in bronze.items()
        if max(before.since.get(name, 0), 0) < min(table.position, reach)
        or (
            (upto is None or not table.measured)
            and table.version != before.versions.get(name, NOTHING)
        )
    ]


def _moved_mapped(mapped: Mapping[str, MappedTable], before: Seen) -> list[str]:
    """Mappings that were built anew, or are gone."""
    known = {**dict.fromkeys(mapped, ABSENT), **before.mapped}
    now = {name: table.version for name, table in mapped.items()}
    return [f"mapped.{name}" for name in sorted(known) if known[name] != now.get(name, ABSENT)]


def _failed(results: list[NodeResult]) -> list[str]:
    return [f"{result.node.id}: {result.message}" for result in results if result.failed]

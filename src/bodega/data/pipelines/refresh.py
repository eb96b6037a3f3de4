"""One refresh: what moved in bronze goes through dbt, past the checks, to the readers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel

from bodega.data.lake.paths import FEED_STATE
from bodega.data.lake.publish import gold_tables, publish
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import Place, at
from bodega.data.pipelines.bronze import NOTHING, BronzeTable, read_bronze
from bodega.data.pipelines.dbt import NodeResult, Transforms, project_fingerprint
from bodega.data.pipelines.mapped import ABSENT, MappedTable, published_mapped, read_mapped
from bodega.data.pipelines.warehouse import (
    Seen,
    Warehouse,
    begin,
    newest_commit,
    remember,
    seen,
)
from bodega.data.quality.gate import Gate

HELD = "held: readers are kept on an older set; `bodega lake restore --latest` lets them go"


class Outcome(BaseModel):
    """How a refresh went. `moved` are tables of bronze, and `mapped.…` ones, `written`
    the partitions rewritten per gold table, `failures` the models, tests and checks that kept the
    readers on the old set."""

    state: Literal["nothing", "published", "blocked"]
    full: bool = False
    started_at: datetime
    seconds: float = 0.0
    moved: list[str] = []
    written: dict[str, list[str]] = {}
    failures: list[str] = []
    position: int | None = None
    known_at: datetime | None = None

    @classmethod
    def nothing(cls) -> "Outcome":
        """Bronze holds nothing new."""
        return cls(state="nothing", started_at=datetime.now(UTC))


def refresh(
    warehouse: Warehouse,
    transforms: Transforms,
    *,
    full: bool = False,
    upto: int | None = None,
    gate: Gate | None = None,
) -> Outcome:
    """Bring the published set up to date with bronze.

    `upto` is the position up to which bronze is complete over all tables; later changes wait, so
    that no half-written transaction is ever counted. Without it everything bronze holds is taken.
    `full` rebuilds from the first change. So does a change of the dbt project. `gate` says what
    may not be published, and keeps what it found.
    """
    outcome = Outcome(state="nothing", started_at=datetime.now(UTC))
    clock = time.monotonic()
    if read_published(warehouse.lake).held:
        outcome.state, outcome.failures = "blocked", [HELD]
        return outcome
    plan = _plan(warehouse, full=full, upto=upto)
    if plan is not None:
        outcome.full, outcome.moved = plan.rebuild, plan.moved
        outcome.failures = _failed(transforms.build(plan.moved, full=plan.rebuild))
        outcome.state = "blocked"
        if not outcome.failures:
            _deliver(warehouse, transforms, plan, outcome, gate or Gate(warehouse.lake))
    outcome.seconds = round(time.monotonic() - clock, 3)
    return outcome


def complete_position(lake: Place) -> int | None:
    """Up to where bronze is complete over all tables, as the change feed says; None: unknown."""
    saved = at(lake).read_json(FEED_STATE)
    return None if saved is None else int(saved.get("position", NOTHING))


@dataclass(frozen=True)
class _Plan:
    """What a refresh takes in: bronze as it stands, `reach` the last position it counts."""

    bronze: Mapping[str, BronzeTable]
    mapped: Mapping[str, MappedTable]
    moved: list[str]
    rebuild: bool
    reach: int
    known_at_ms: int | None


def _plan(warehouse: Warehouse, *, full: bool, upto: int | None) -> _Plan | None:
    """Open a batch over what bronze has new; None when there is nothing to do."""
    bronze, mapped = read_bronze(warehouse.lake), read_mapped(warehouse.lake)
    reach = _reach(bronze, upto)
    with warehouse.open() as con:
        before = seen(con)
        rebuild = full or before.project != project_fingerprint()
        if rebuild:
            before = Seen(before.batch, before.project, before.known_at_ms, {}, {}, {})
        moved = _moved(bronze, before, reach, upto) + _moved_mapped(mapped, before)
        if not moved and not (full or (rebuild and before.project)):
            return None
        begin(con, bronze, mapped, before, reach)
        instants = (before.known_at_ms, newest_commit(con, list(bronze), reach))
    known_at_ms = max((at for at in instants if at is not None), default=None)
    return _Plan(bronze, mapped, moved, rebuild, reach, known_at_ms)


def _deliver(
    warehouse: Warehouse, transforms: Transforms, plan: _Plan, outcome: Outcome, gate: Gate
) -> None:
    """Check what was built; publish it if it is good."""
    with warehouse.open() as con:
        outcome.failures = gate.admit(con, plan.moved, plan.reach)
        if outcome.failures:
            return
        at, before = plan.known_at_ms, read_published(warehouse.lake)
        outcome.known_at = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
        outcome.position = plan.reach
        outcome.written = publish(
            con,
            warehouse.lake,
            gold_tables(transforms.manifest().nodes),
            known_at=outcome.known_at,
            position=plan.reach,
            touched=None if plan.rebuild else transforms.touched(plan.moved),
            mapped=published_mapped(con, plan.mapped, before.mapped, datetime.now(UTC)),
        )
        remember(
            con,
            plan.bronze,
            plan.mapped,
            upto=plan.reach,
            project=project_fingerprint(),
            known_at_ms=at,
        )
        outcome.state = "published"
        gate.published(con, outcome.written, plan.reach)


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
    return [f"{result.node}: {result.message}" for result in results if result.failed]

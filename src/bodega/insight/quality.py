"""The state of the lake's tables, told from the history of checks, profiles and loads."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread

from bodega.contracts.quality import (
    CheckView,
    ColumnQuality,
    DeadView,
    DrivenView,
    LoadLine,
    Standing,
    TableQuality,
    TableReport,
)
from bodega.data.ingest.sources.config import read_sources
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.constraints import retired
from bodega.data.quality.dead import DeadRow, dead_rows
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.freshness import TableAge, freshness
from bodega.data.quality.history import History
from bodega.data.quality.policy import Policy
from bodega.data.quality.profile import Profile
from bodega.data.quality.redrive import Driven, Repair
from bodega.data.quality.watcher import profiles
from bodega.kernel.clock import Clock
from bodega.kernel.errors import BodegaError

Drive = Callable[[Sequence[str], Repair], Sequence[Driven]]
_TREND = 30
_NEWEST = """
    select * from results
    qualify row_number() over (partition by table_name, check_name order by noted_at desc) = 1
"""
_TRENDS = f"""
    with newest as (
        select table_name, noted_at, row_count, drift, column_name, nulls,
            dense_rank() over (partition by table_name order by noted_at desc) as nth
        from profiles
    )
    select table_name,
        list(row_count order by noted_at) filter (where column_name = '') as trend,
        max(drift) filter (where nth = 1 and column_name = '') as drift,
        max(nulls / nullif(row_count, 0)) filter (where nth = 1 and nulls < row_count) as nulls
    from newest where nth <= {_TREND} group by 1
"""


class LakeQuality:
    """Implements `bodega.contracts.quality.Quality`. `drive` does what the command line does."""

    def __init__(
        self, root: LakeRoot, clock: Clock, *, policy: Path, sources: Path, drive: Drive
    ) -> None:
        self._root, self._clock, self._drive = root, clock, drive
        self._policy, self._sources = FollowedPolicy(root, policy), sources
        self._history = History(root)

    async def standing(self) -> Standing:
        return await anyio.to_thread.run_sync(self._standing)

    async def table(self, *, name: str) -> TableReport | None:
        return await anyio.to_thread.run_sync(self._table, name)

    async def dead(self, *, table: str | None = None, limit: int = 100) -> list[DeadView]:
        def read() -> list[DeadView]:
            policy = self._policy.current
            found = dead_rows(self._root, table=table, limit=limit)
            return [_dead(row, policy) for row in found]

        return await anyio.to_thread.run_sync(read)

    async def redrive(
        self,
        *,
        ids: Sequence[str],
        edits: Mapping[str, str | None],
        by: str,
        why: str,
        drop: bool = False,
    ) -> list[DrivenView]:
        def drive() -> list[DrivenView]:
            try:
                done = self._drive(ids, Repair(by, why, edits, drop=drop))
            except BodegaError as error:
                return [DrivenView(id=id, outcome="refused", detail=error.detail) for id in ids]
            return [DrivenView(id=o.id, outcome=o.outcome, detail=o.detail) for o in done]

        return await anyio.to_thread.run_sync(drive)

    def _standing(self) -> Standing:
        policy = self._policy.current
        newest = [_check(row) for row in self._history.ask("results", _NEWEST)]
        checks = [check for check in newest if not _retired(policy, check)]
        failing = [check for check in checks if not check.passed]
        trends = {row["table_name"]: row for row in self._history.ask("profiles", _TRENDS)}
        dead = Counter(row.table for row in dead_rows(self._root, limit=10_000))
        ages = self._ages(policy)
        known = {age.table for age in ages}
        ages += [_unwatched(name) for name in sorted({*trends, *dead} - known)]
        week = self._clock.now() - timedelta(days=7)
        counted = self._history.ask(
            "reconciliations",
            "select count(*) as n, count(*) filter (where not agrees) as wrong "
            "from reconciliations where noted_at >= ?",
            [week],
        )
        lines = counted[0] if counted else {"n": 0, "wrong": 0}
        tables = [
            _quality(age, policy, trends.get(age.table, {}), failing, dead[age.table])
            for age in ages
        ]
        return Standing(tables=tables, failing=failing, differing=lines["wrong"], loads=lines["n"])

    def _table(self, name: str) -> TableReport | None:
        found = next((one for one in self._standing().tables if one.table == name), None)
        if found is None:
            return None
        taken = profiles(self._history, name, limit=1)
        short = name.partition(".")[2]
        policy = self._policy.current
        into = policy.of(name).into
        return TableReport(
            table=found,
            profiled_at=taken[0].at if taken else None,
            columns=_columns(taken[0]) if taken else [],
            checks=[
                check
                for row in self._history.ask(
                    "results",
                    f"select * from ({_NEWEST}) where table_name = ? order by passed, check_name",
                    [name],
                )
                if not _retired(policy, check := _check(row))
            ],
            loads=self._loads([short, into or short]),
        )

    def _loads(self, names: Sequence[str]) -> list[LoadLine]:
        """Of the last load that touched it."""
        rows = self._history.ask(
            "reconciliations",
            "select * from reconciliations where table_name in (?, ?) "
            "qualify dense_rank() over (partition by hop order by noted_at desc) = 1 "
            "order by hop, measure",
            list(names),
        )
        return [LoadLine.model_validate(row) for row in rows]

    def _ages(self, policy: Policy) -> list[TableAge]:
        try:
            sources = read_sources(self._sources)
        except BodegaError:
            sources = None
        return freshness(self._root, policy, sources, self._clock)


def _retired(policy: Policy, check: CheckView) -> bool:
    return check.kind == "constraint" and retired(policy, check.table, check.check)


def _unwatched(name: str) -> TableAge:
    return TableAge(name, None, None, None, "unwatched")


def _quality(
    age: TableAge,
    policy: Policy,
    trend: Mapping[str, Any],
    failing: Iterable[CheckView],
    dead: int,
) -> TableQuality:
    mine = [check for check in failing if check.table == age.table]
    counts = list(trend.get("trend") or [])
    return TableQuality.model_validate(
        {
            "table": age.table,
            "layer": age.layer,
            "owner": policy.of(age.table).owner,
            "state": age.state,
            "age_seconds": age.age_seconds,
            "why": age.why,
            "rows": age.rows if age.rows is not None else next(iter(counts[-1:]), None),
            "trend": counts,
            "nulls": trend.get("nulls"),
            "drift": trend.get("drift"),
            "failing": len(mine),
            "blocking": sum(check.severity == "block" for check in mine),
            "dead": dead,
        }
    )


def _check(row: Mapping[str, Any]) -> CheckView:
    return CheckView(
        table=row["table_name"],
        check=row["check_name"],
        kind=row["kind"],
        severity=row["severity"],
        passed=row["passed"],
        rows=row["row_count"] or 0,
        observed=row["observed"] or "",
        expected=row["expected"] or "",
        noted_at=row["noted_at"],
    )


def _columns(taken: Profile) -> list[ColumnQuality]:
    return [
        ColumnQuality(
            name=column.name,
            type=column.type,
            nulls=column.nulls / taken.rows if taken.rows else 0.0,
            distinct=column.distinct,
            lowest=column.lowest,
            highest=column.highest,
            mean=column.mean,
            drift=column.drift,
            top=dict(column.top),
        )
        for column in taken.columns
    ]


def _dead(row: DeadRow, policy: Policy) -> DeadView:
    return DeadView(
        id=row.id,
        table=row.table,
        layer=row.layer,
        since=row.since,
        reason=row.reason,
        origin=row.origin,
        row={
            name: None if value is None else str(value) for name, value in row.shown(policy).items()
        },
    )

"""What is odd about a profile beside those before it, and about a day beside the same weekdays."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

import duckdb

from bodega.data.quality.policy import TablePolicy
from bodega.data.quality.profile import ENOUGH, ColumnProfile, Profile
from bodega.data.quality.results import Kind, Result
from bodega.data.quality.statistics import robust_z

WEEKS = 8
_WEEKS_ENOUGH = 4


def odd(now: Profile, past: Sequence[Profile], said: TablePolicy) -> list[Result]:
    """Every column of `now` against `past` (the newest first). Silent while history is short."""
    return [
        *_schema(now, past[0] if past else None),
        *(result for column in now.columns for result in _column(now, column, past, said)),
        *_volume(now, past, said),
    ]


def _schema(now: Profile, last: Profile | None) -> Iterator[Result]:
    """Columns that came, went or changed their type since the last profile."""
    before = {c.name: c.type for c in last.columns} if last else {}
    after = {c.name: c.type for c in now.columns}
    said = [f"new: {name}" for name in after.keys() - before.keys()]
    said += [f"gone: {name}" for name in before.keys() - after.keys()]
    said += [
        f"{name}: {before[name]} is now {after[name]}"
        for name in before.keys() & after.keys()
        if before[name] != after[name]
    ]
    if last is not None:
        yield _result(
            now, "columns as before", "schema", passed=not said,
            observed=", ".join(sorted(said)), expected=f"{len(before)} columns",
        )  # fmt: skip


def _volume(now: Profile, past: Sequence[Profile], said: TablePolicy) -> Iterator[Result]:
    """Rows gained since the last profile, beside what was gained before."""
    counts = [one.rows for one in past]
    gains = [float(a - b) for a, b in pairwise(counts)]
    if said.watch.by is None and len(gains) >= said.watch.history:
        gained = float(now.rows - counts[0])
        yield _beside(now, "rows gained", "volume", gained, gains, z=said.watch.z)


def _column(
    now: Profile, column: ColumnProfile, past: Sequence[Profile], said: TablePolicy
) -> Iterator[Result]:
    same = [(one, c) for one in past for c in one.columns if c.name == column.name and one.rows]
    if not now.rows:
        return
    if column.drift is not None:
        yield _result(
            now, f"{column.name} drift", "distribution", passed=column.drift <= said.watch.psi,
            observed=f"PSI {column.drift:.2f}", expected=f"at most {said.watch.psi:g}",
        )  # fmt: skip
    if len(same) < said.watch.history or now.rows < ENOUGH:
        return
    nulls = [c.nulls / one.rows for one, c in same]
    yield _beside(
        now, f"{column.name} nulls", "anomaly", column.nulls / now.rows, nulls, z=said.watch.z
    )
    means = [c.mean for _, c in same if c.mean is not None]
    if column.mean is not None and len(means) >= said.watch.history:
        yield _beside(now, f"{column.name} mean", "anomaly", column.mean, means, z=said.watch.z)
    for value, count in list(column.top.items())[:3]:
        shares = [c.bins.get(value, 0.0) / one.rows for one, c in same]
        share = count / now.rows
        yield _beside(
            now, f"{column.name} share of {value}", "anomaly", share, shares, z=said.watch.z
        )


def _beside(
    now: Profile, check: str, kind: Kind, value: float, history: Sequence[float], *, z: float
) -> Result:
    """Odd when far by its history *and* by a hundredth of itself, two of a hundred where it is a
    share: a steady figure may breathe."""
    away = robust_z(value, history)
    middle = sorted(history)[len(history) // 2]
    share = 0 <= value <= 1 and 0 <= middle <= 1
    moved = abs(value - middle) > (0.02 if share else 0.01 * abs(middle))
    if kind == "volume":  # counts scatter by themselves, as their square root does
        moved = abs(value - middle) > 3 * math.sqrt(max(abs(middle), 1.0))
    passed = abs(away) <= z or not moved
    far = "never seen before" if math.isinf(away) else f"z {away:+.1f}"
    return _result(
        now, check, kind, passed=passed, observed=f"{value:,.4g} ({far})",
        expected=f"about {middle:,.4g}, |z| at most {z:g}",
    )  # fmt: skip


def day_volume(
    con: duckdb.DuckDBPyConnection, now: Profile, said: TablePolicy, relation: str, today: date
) -> list[Result]:
    """Rows of the last whole day beside the same weekday of the weeks before."""
    if said.watch.by is None:
        return []
    yesterday = today - timedelta(days=1)
    since = yesterday - timedelta(weeks=WEEKS)
    counted = dict(
        con.execute(
            f'select cast("{said.watch.by}" as date), count(*) from {relation} '
            f"where \"{said.watch.by}\" >= date '{since}' group by 1"
        ).fetchall()
    )
    first = con.execute(f'select min(cast("{said.watch.by}" as date)) from {relation}').fetchone()
    begins = first[0] if first and first[0] else today
    days = [yesterday - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    history = [float(counted.get(day, 0)) for day in days if day >= begins]
    if len(history) < _WEEKS_ENOUGH or sum(history) < _WEEKS_ENOUGH:
        return []
    check = f"rows of a {yesterday:%A}"
    return [
        _beside(now, check, "volume", float(counted.get(yesterday, 0)), history, z=said.watch.z)
    ]


def _result(
    now: Profile, check: str, kind: Kind, *, passed: bool, observed: str, expected: str
) -> Result:
    return Result(
        now.table, check, kind, "warn", passed, rows=now.rows, observed=observed, expected=expected
    )

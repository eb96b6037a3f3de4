"""A table in figures: counts, nulls, quantiles, most frequent values, drift against the last one.

One pass tells how a column is, a second one how its values spread over the bins it had before.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from bodega.data.quality.policy import TablePolicy
from bodega.data.quality.statistics import stability

TOP = 8
CATEGORIES = 60
ENOUGH = 200
_DECILES = [n / 10 for n in range(1, 10)]
_PERSONAL = ("email", "name", "address", "phone", "token", "ip", "iban", "vat", "buyer", "customer")
_NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "DECIMAL", "FLOAT", "SMALLINT", "TINYINT", "HUGEINT")


@dataclass(slots=True)
class ColumnProfile:
    """`bins` are counts per bin: of values, or up to each of the deciles that column had first.
    `drift` is the PSI against the last profile; None: nothing to compare, or too few rows."""

    name: str
    type: str
    nulls: int = 0
    distinct: int = 0
    lowest: str | None = None
    highest: str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: Mapping[str, float] = field(default_factory=dict)
    top: Mapping[str, int] = field(default_factory=dict)
    bins: Mapping[str, float] = field(default_factory=dict)
    drift: float | None = None


@dataclass(slots=True)
class Profile:
    """`rows` are those that were looked at, `total` all of the table."""

    table: str
    at: datetime
    version: int
    rows: int
    columns: list[ColumnProfile]
    total: int = 0

    @property
    def drift(self) -> float | None:
        """That of the column which drifted most."""
        return max((c.drift for c in self.columns if c.drift is not None), default=None)


def is_personal(name: str, table: TablePolicy) -> bool:
    """As declared; where nothing is, by its name: rather one too many."""
    declared = table.columns.get(name)
    return bool(declared and declared.personal) or any(p in _PERSONAL for p in name.split("_"))


def profile(
    con: duckdb.DuckDBPyConnection,
    table: str,
    said: TablePolicy,
    relation: str,
    *,
    version: int,
    now: datetime,
    before: Profile | None = None,
) -> Profile:
    """`relation` as it is now, all of it or its last days (as the policy says)."""
    shown = [
        (row[0], row[1])
        for row in con.execute(f"describe select * from {relation}").fetchall()
        if not row[0].startswith("_")
    ]
    where = _window(said, relation, [name for name, _ in shown])
    rows, columns = _first_pass(con, relation, where, shown, said)
    found = Profile(table, now, version, rows, columns, _total(con, relation, where, rows))
    _second_pass(con, f"{relation} where {where}", found, before, said)
    return found


def _total(con: duckdb.DuckDBPyConnection, relation: str, where: str, rows: int) -> int:
    if where == "true":
        return rows
    row = con.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _window(said: TablePolicy, relation: str, names: Sequence[str]) -> str:
    watch = said.watch
    if watch.by is None or watch.days is None or watch.by not in names:
        return "true"
    newest = f'(select max("{watch.by}") from {relation})'
    return f'"{watch.by}" >= {newest} - interval {watch.days} day'


def _first_pass(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    where: str,
    shown: Sequence[tuple[str, str]],
    said: TablePolicy,
) -> tuple[int, list[ColumnProfile]]:
    asked = ["count(*)"]
    for name, kind in shown:
        asked += _figures(name, kind, hidden=is_personal(name, said))
    row = con.execute(f"select {', '.join(asked)} from {relation} where {where}").fetchone()
    assert row is not None
    values = iter(row[1:])
    columns = []
    for name, kind in shown:
        nulls, distinct, lowest, highest, mean, deviation, deciles = (
            next(values) for _ in range(7)
        )
        quantiles = {f"{q:g}": float(v) for q, v in zip(_DECILES, deciles or [], strict=False)}
        columns.append(
            ColumnProfile(name, kind, nulls, distinct, lowest, highest, mean, deviation, quantiles)
        )
    return int(row[0]), columns


def _figures(name: str, kind: str, *, hidden: bool) -> list[str]:
    quoted = f'"{name}"'
    number = _is_number(kind)
    ends = not hidden and (number or kind.startswith(("DATE", "TIMESTAMP")))
    return [
        f"count(*) - count({quoted})",
        f"approx_count_distinct({quoted})",
        *(f"{end}({quoted})::varchar" if ends else "null" for end in ("min", "max")),
        f"avg({quoted}::double)" if number else "null",
        f"stddev_pop({quoted}::double)" if number else "null",
        f"approx_quantile({quoted}::double, {_DECILES})" if number else "null",
    ]


def _is_number(kind: str) -> bool:
    return kind.startswith(_NUMBERS)


def _second_pass(
    con: duckdb.DuckDBPyConnection,
    source: str,
    found: Profile,
    before: Profile | None,
    said: TablePolicy,
) -> None:
    """Values of columns that have few, and the spread of numbers over known bins."""
    known = {column.name: column for column in before.columns} if before else {}
    asked: list[tuple[ColumnProfile, str]] = []
    for column in found.columns:
        if is_personal(column.name, said) or not found.rows:
            continue
        if _has_categories(column):
            asked.append((column, f'histogram("{column.name}"::varchar)'))
        elif column.quantiles:
            last = known.get(column.name)
            edges = _edges(last) or sorted(set(column.quantiles.values()))
            asked.append((column, f'histogram("{column.name}"::double, {edges}::double[])'))
    if not asked:
        return
    picked = ", ".join(sql for _, sql in asked)
    row = con.execute(f"select {picked} from {source}").fetchone()
    assert row is not None
    for (column, _), counted in zip(asked, row, strict=True):
        _spread(column, counted or {}, known.get(column.name), found, before)


def _has_categories(column: ColumnProfile) -> bool:
    text = column.type.startswith(("VARCHAR", "BOOLEAN", "ENUM"))
    return column.distinct <= CATEGORIES if text else False


def _edges(last: ColumnProfile | None) -> list[float]:
    if last is None or not last.quantiles:
        return []
    return [float(edge) for edge in last.bins if edge not in ("rest", "inf")]


def _spread(
    column: ColumnProfile,
    counted: Mapping[Any, int],
    last: ColumnProfile | None,
    found: Profile,
    before: Profile | None,
) -> None:
    if _has_categories(column):
        ordered = sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))
        column.top = {str(value): count for value, count in ordered[:TOP]}
        column.bins = {str(value): float(count) for value, count in ordered}
    else:
        column.bins = {f"{float(edge):g}": float(count) for edge, count in counted.items()}
    if last is None or before is None or not last.bins or min(found.rows, before.rows) < ENOUGH:
        return
    column.drift = round(stability(last.bins, column.bins), 4)


def as_rows(found: Profile) -> list[dict[str, Any]]:
    """As history keeps it: one row for the table, one a column."""
    shared = {"noted_at": found.at, "table_name": found.table, "version": found.version}
    shared["row_count"] = found.rows
    whole = shared | {"row_count": found.total, "column_name": "", "drift": found.drift}
    return [whole, *(shared | _row(column) for column in found.columns)]


def _row(column: ColumnProfile) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "column_type": column.type,
        "nulls": column.nulls,
        "distinct": column.distinct,
        "lowest": column.lowest,
        "highest": column.highest,
        "mean": column.mean,
        "deviation": column.deviation,
        "drift": column.drift,
        "quantiles": json.dumps(column.quantiles),
        "top": json.dumps(column.top),
        "bins": json.dumps(column.bins),
    }


def from_rows(rows: Iterable[Mapping[str, Any]]) -> list[Profile]:
    """Profiles of one table, the newest first, from history's rows."""
    by_instant: dict[datetime, Profile] = {}
    for row in rows:
        at = row["noted_at"]
        found = by_instant.setdefault(at, Profile(row["table_name"], at, row["version"], 0, []))
        if row["column_name"]:
            found.rows = row["row_count"]
            found.columns.append(_column(row))
        else:
            found.total = row["row_count"]
    for found in by_instant.values():
        found.columns.sort(key=lambda column: column.name)
    return sorted(by_instant.values(), key=lambda one: one.at, reverse=True)


def _column(row: Mapping[str, Any]) -> ColumnProfile:
    return ColumnProfile(
        name=row["column_name"],
        type=row["column_type"] or "",
        nulls=row["nulls"] or 0,
        distinct=row["distinct"] or 0,
        lowest=row["lowest"],
        highest=row["highest"],
        mean=row["mean"],
        deviation=row["deviation"],
        quantiles=json.loads(row["quantiles"] or "{}"),
        top=json.loads(row["top"] or "{}"),
        bins=json.loads(row["bins"] or "{}"),
        drift=row["drift"],
    )

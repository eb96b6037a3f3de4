"""What differs between two versions of a table: rows on one side only, and sums of money."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from bodega.data.lake.access import AccessLog
from bodega.data.lake.paths import BRONZE, GOLD
from bodega.data.lake.s3 import quoted
from bodega.data.lake.storage import LakeRoot
from bodega.data.lake.touched import ALWAYS, personal_columns
from bodega.kernel.errors import NotFound


class NoSuchTable(NotFound):
    code = "lake_table_unknown"
    title = "The lake has no such table, or not in that version"

    def __init__(self, name: str) -> None:
        super().__init__(f"The lake does not have {name}: see `bodega lake history`.")


@dataclass(frozen=True, slots=True)
class Difference:
    """`only_*` count rows; `sums` are totals of the columns of amounts, before and after, by
    currency where the table tells it: `total_amount EUR`."""

    columns: list[str]
    rows: tuple[int, int]
    only_before: int
    only_after: int
    sums: dict[str, tuple[int, int]]
    examples: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class VersionMade:
    """One commit of a table."""

    version: int
    at_ms: int
    operation: str
    added: int | None
    removed: int | None


def table_path(name: str) -> str:
    """`gold.fct_orders` and `bronze.shop__orders_orders` as places; a bare name is of gold."""
    layer, _, table = name.rpartition(".")
    return f"{layer or GOLD}/{table}"


def versions(root: LakeRoot, name: str, limit: int) -> list[VersionMade]:
    """The newest commits of a table. Raises NoSuchTable."""
    return [
        VersionMade(
            version=int(commit["version"]),
            at_ms=int(commit.get("timestamp", 0)),
            operation=str(commit.get("operation", "")),
            added=_metric(commit, "num_added_rows", "numOutputRows", "num_added_files"),
            removed=_metric(commit, "num_deleted_rows", "num_removed_files", "numRemovedFiles"),
        )
        for commit in _open(root, name).history(limit)
    ]


def diff(root: LakeRoot, name: str, before: int, after: int, *, examples: int = 5) -> Difference:
    """Rows compared as wholes, over the columns that both versions have; who asked is written down.
    Raises NoSuchTable, AccessUnrecorded."""
    old, new = _open(root, name, before), _open(root, name, after)
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as con:
        con.execute("set TimeZone = 'UTC'")
        root.attach(con)
        for side, table in (("old", old), ("new", new)):
            con.execute(f"create view {side}_rows as {_select(table)}")
        found = _compare(con, examples)
    _note(root, name, found)
    return found


def _note(root: LakeRoot, name: str, found: Difference) -> None:
    """Raises AccessUnrecorded: then nothing is shown."""
    table = table_path(name).replace("/", ".", 1)
    personal = personal_columns(root).get(table, frozenset()) | ALWAYS
    AccessLog(root).note(
        "diff",
        tables=[table],
        personal=[f"{table}.{column}" for column in found.columns if column in personal],
        rows=len(found.examples),
    )


def _compare(con: duckdb.DuckDBPyConnection, examples: int) -> Difference:
    kinds = [dict(_described(con, f"{side}_rows")) for side in ("old", "new")]
    shared = [name for name in kinds[0] if name in kinds[1]]
    columns = ", ".join(f'"{name}"' for name in shared)
    for side, other in (("old", "new"), ("new", "old")):
        con.execute(
            f"create temp table only_{side} as "
            f"select {columns} from {side}_rows except all select {columns} from {other}_rows"
        )
    amounts = [name for name in shared if name.endswith("_amount")]
    found = con.execute(
        f"select '-' as side, * from (select * from only_old limit {examples}) union all "
        f"select '+', * from (select * from only_new limit {examples})"
    ).fetchall()
    return Difference(
        columns=["", *shared],
        rows=(_one(con, "count(*)", "old_rows"), _one(con, "count(*)", "new_rows")),
        only_before=_one(con, "count(*)", "only_old"),
        only_after=_one(con, "count(*)", "only_new"),
        sums=_sums(con, amounts, by_currency="currency" in shared),
        examples=found,
    )


def _described(con: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in con.execute(f"describe {relation}").fetchall()]


def _sums(
    con: duckdb.DuckDBPyConnection, amounts: Sequence[str], *, by_currency: bool
) -> dict[str, tuple[int, int]]:
    """Sums of different currencies are never one sum."""
    if not amounts:
        return {}
    currency = "coalesce(cast(currency as varchar), '')" if by_currency else "''"
    totals = ", ".join(f'coalesce(sum("{name}"), 0)' for name in amounts)
    old, new = (
        {
            said: [int(total) for total in found]
            for said, *found in con.execute(
                f"select {currency}, {totals} from {side}_rows group by 1"
            ).fetchall()
        }
        for side in ("old", "new")
    )
    nothing = [0] * len(amounts)
    return {
        f"{name} {said}".rstrip(): (old.get(said, nothing)[at], new.get(said, nothing)[at])
        for at, name in enumerate(amounts)
        for said in sorted({*old, *new})
    }


def _one(con: duckdb.DuckDBPyConnection, expression: str, relation: str) -> int:
    row = con.execute(f"select {expression} from {relation}").fetchone()
    return int(row[0]) if row else 0


def _open(root: LakeRoot, name: str, version: int | None = None) -> Any:
    from deltalake.exceptions import DeltaError

    path = table_path(name)
    if not path.startswith((f"{GOLD}/", f"{BRONZE}/")) or not root.is_delta(path):
        raise NoSuchTable(name)
    try:
        return root.delta(path, version)
    except (DeltaError, OSError, OverflowError) as error:
        raise NoSuchTable(f"{name} at version {version}") from error


def _select(table: Any) -> str:
    """An empty version still has its columns."""
    files = table.file_uris()
    if not files:
        names = [field.name for field in table.schema().fields]
        return "select " + ", ".join(f'null as "{name}"' for name in names) + " where false"
    listed = ", ".join(quoted(file) for file in files)
    return f"select * from read_parquet([{listed}], hive_partitioning = true, union_by_name = true)"


def _metric(commit: dict[str, Any], *names: str) -> int | None:
    told = {**commit, **(commit.get("operationMetrics") or {})}
    return next((int(told[name]) for name in names if told.get(name) is not None), None)

"""Writing a published table again: as a whole, by partition, or only the days that differ.

Large partitions, and those whose days were asked for, are written by the day: its rows go out of
the files that hold them and come back in a file of their own. Rows of other days are copied, as
they are, out of a file that they shared with it; once a day has its own, nothing else is touched.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from bodega.data.lake import policy as policies
from bodega.data.lake.paths import GOLD
from bodega.data.lake.published import PublishedTable, select_files
from bodega.data.lake.storage import LakeRoot

LARGE = 8 * 1024 * 1024
"""Bytes from which on comparing a partition's days costs less than writing all of them."""

ROWS = 100_000
Print = tuple[int, int]


@dataclass(frozen=True)
class GoldTable:
    """A relation of the warehouse to publish under its own name; `day` is the column of the days
    that its partitions hold, `follows` the model whose changed months are its own."""

    name: str
    partition_by: str | None = None
    schema: str = "gold"
    day: str | None = None
    follows: str | None = None

    @property
    def path(self) -> str:
        return f"{GOLD}/{self.name}"

    @property
    def relation(self) -> str:
        return f'{self.schema}."{self.name}"'


def overwrite(con: duckdb.DuckDBPyConnection, root: LakeRoot, table: GoldTable) -> None:
    write_deltalake(
        root.uri(table.path),
        con.execute(f"select * from {table.relation}").to_arrow_reader(ROWS),
        mode="overwrite",
        schema_mode="overwrite",
        partition_by=[table.partition_by] if table.partition_by else [],
        configuration=policies.GOLD.configuration(),
        storage_options=root.options,
    )


def intact(root: LakeRoot, table: GoldTable, version: int) -> bool:
    """Whether what readers are given of a table is there: a folder, or some files of it, may be
    lost. In an object store only the log is looked at."""
    try:
        files = root.delta(table.path, version).file_uris()
    except DeltaError:
        return False
    return not root.is_local or all(Path(file).exists() for file in files)


def overwrite_partitions(
    con: duckdb.DuckDBPyConnection,
    root: LakeRoot,
    table: GoldTable,
    *,
    changed: Sequence[str],
    readers: PublishedTable,
    asked: Collection[date],
) -> None:
    """Rewrite `changed` only, of partitions with `asked` days these days and those that differ.
    Delta versions above the readers' are left by a crash: start over from the readers' version, so
    that what is not rewritten now is what those readers know."""
    delta = root.delta(table.path)
    if delta.version() != readers.version:
        delta.restore(readers.version)
    days = _days_apart(con, delta, table, changed=changed, readers=readers, asked=asked)
    whole = [part for part in changed if part not in days]
    if whole:
        where = among(f"{table.partition_by}", whole)
        write_deltalake(delta, _rows(con, table, where), mode="overwrite", predicate=where)
    if days:
        both = sorted({f"date '{day}'" for found in days.values() for day in found})
        where = among(f"{table.partition_by}", days)
        where += f" and {table.day} in ({', '.join(both)})"
        delta = root.delta(table.path)
        delta.delete(where)
        write_deltalake(delta, _rows(con, table, where), mode="append")


def bytes_written(root: LakeRoot, table: GoldTable, delta: DeltaTable, before: int | None) -> int:
    """The files of this version that the one before did not have."""
    known = set() if before is None else set(_sizes(root.delta(table.path, before)))
    return sum(size for path, size in _sizes(delta).items() if path not in known)


def _rows(con: duckdb.DuckDBPyConnection, table: GoldTable, where: str) -> pa.RecordBatchReader:
    return con.execute(f"select * from {table.relation} where {where}").to_arrow_reader(ROWS)


def among(column: str, texts: Collection[str] | None) -> str:
    """SQL for a column being one of `texts`; true where there is no choice, as None says."""
    if texts is None:
        return "true"
    return f"{column} in ({_listed(sorted(texts))})" if texts else "false"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _sizes(delta: DeltaTable) -> dict[str, int]:
    actions = delta.get_add_actions(flatten=True)
    paths, sizes = actions.column("path").to_pylist(), actions.column("size_bytes").to_pylist()
    return dict(zip(paths, sizes, strict=True))


def _days_apart(
    con: duckdb.DuckDBPyConnection,
    delta: DeltaTable,
    table: GoldTable,
    *,
    changed: Sequence[str],
    readers: PublishedTable,
    asked: Collection[date],
) -> dict[str, set[date]]:
    """By partition the days to write where writing all of it would be waste."""
    if table.day is None or table.partition_by is None:
        return {}
    files: dict[str, dict[str, int]] = {}
    parts = delta.get_add_actions(flatten=True).column(f"partition.{table.partition_by}")
    for part, uri, size in zip(
        parts.to_pylist(), delta.file_uris(), _sizes(delta).values(), strict=True
    ):
        files.setdefault(str(part), {})[uri] = size
    months = {f"{day:%Y-%m}" for day in asked}
    apart = {
        part
        for part in set(changed) & files.keys()
        if part in months or sum(files[part].values()) >= LARGE
    }
    if not apart:
        return {}
    stored = select_files([uri for part in apart for uri in files[part]], readers)
    where = among(f"{table.partition_by}", apart)
    ours = _prints(con, table, readers, f"(select * from {table.relation} where {where})")
    theirs = _prints(con, table, readers, f"({stored})")
    found: dict[str, set[date]] = {}
    undated = set[str]()
    for part, day in {*ours, *theirs}:
        if day is None:
            undated.add(part)
        elif day in asked or ours.get((part, day)) != theirs.get((part, day)):
            found.setdefault(part, set()).add(day)
    return {part: days for part, days in found.items() if part not in undated}


def _prints(
    con: duckdb.DuckDBPyConnection, table: GoldTable, readers: PublishedTable, relation: str
) -> dict[tuple[str, date | None], Print]:
    row = ", ".join(f'cast("{name}" as {kind})' for name, kind in readers.columns.items())
    rows = con.execute(
        f"select {table.partition_by}, {table.day}, count(*), sum(cast(hash({row}) as hugeint)) "
        f"from {relation} group by 1, 2"
    ).fetchall()
    return {(str(part), day): (count, total) for part, day, count, total in rows}

"""Silver of declared sources, as the warehouse sees it: `mapped.<name>`, one view a mapping.

The standard ones are always there, empty until a source fills them, so that the same models run in
a shop without such sources and in one that adds them later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from bodega.data.ingest.sources.casts import native
from bodega.data.ingest.sources.standard import STANDARD
from bodega.data.lake.paths import MAPPED, SILVER
from bodega.data.lake.published import PublishedTable
from bodega.data.lake.storage import LakeRoot, Place, at

ABSENT = -1
PROVENANCE = {"_from": "VARCHAR", "_conflicts": "VARCHAR"}


@dataclass(frozen=True)
class MappedTable:
    """The table of one mapping at one version; `version` is -1 before anything was read."""

    name: str
    version: int
    files: tuple[str, ...]

    @property
    def relation(self) -> str:
        return f'mapped."{self.name}"'


def read_mapped(lake: Place) -> dict[str, MappedTable]:
    """Every mapping's table, standard ones included."""
    root = at(lake)
    found = {name for name in root.names(SILVER) if name[0] not in "_."}
    return {name: _read(root, name) for name in sorted({*found, *STANDARD})}


def mapped_stamp(lake: Place) -> tuple[int, int]:
    """Changes whenever a mapping was built."""
    return at(lake).stamp(MAPPED)


def _read(root: LakeRoot, name: str) -> MappedTable:
    path = f"{SILVER}/{name}"
    if not root.is_delta(path):
        return MappedTable(name, ABSENT, ())
    table = root.delta(path)
    return MappedTable(name, table.version(), tuple(table.file_uris()))


def register_mapped(con: duckdb.DuckDBPyConnection, tables: Iterable[MappedTable]) -> None:
    """Point `mapped.<name>` at the files of each table; one that is gone is a view no more."""
    con.execute("create schema if not exists mapped")
    wanted = [table for table in tables if table.version != ABSENT or table.name in STANDARD]
    there = con.execute("select view_name from duckdb_views() where schema_name = 'mapped'")
    for (name,) in there.fetchall():
        if name not in {table.name for table in wanted}:
            con.execute(f'drop view mapped."{name}"')
    for table in wanted:
        con.execute(f"create or replace view {table.relation} as {_select(table)}")


def _select(table: MappedTable) -> str:
    """Standard tables have all their columns, whichever version of Bodega wrote the files."""
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in table.files)
    rows = (
        f"select * from read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    )
    if table.name not in STANDARD:
        return rows
    columns = {name: native(kind) for name, kind in STANDARD[table.name]["columns"].items()}
    columns |= PROVENANCE
    blank = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in columns.items())
    empty = f"select {blank} where false"
    if not table.files:
        return empty
    chosen = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in columns.items())
    return f"select {chosen} from ({empty} union all by name {rows})"


def published_mapped(
    con: duckdb.DuckDBPyConnection,
    tables: Mapping[str, MappedTable],
    before: Mapping[str, PublishedTable],
    now: datetime,
) -> dict[str, PublishedTable]:
    """What readers see as `mapped.<name>`: the tables that were registered."""
    after: dict[str, PublishedTable] = {}
    for name, table in tables.items():
        if table.version == ABSENT:
            continue
        if name in before and before[name].version == table.version:
            after[name] = before[name]
            continue
        described = con.execute(f"describe {table.relation}").fetchall()
        counted = con.execute(f"select count(*) from {table.relation}").fetchone()
        after[name] = PublishedTable(
            version=table.version,
            rows=counted[0] if counted else 0,
            columns={row[0]: row[1] for row in described},
            prints={"": str(table.version)},
            updated_at=now,
        )
    return after

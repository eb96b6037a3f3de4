"""What bronze holds, and how the warehouse sees it: views over the files that may hold news."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import DeltaTable

TABLES = (
    "shop__orders_orders",
    "shop__orders_order_lines",
    "shop__orders_returns",
    "shop__orders_return_lines",
    "shop__catalog_products",
    "shop__catalog_variants",
    "shop__identity_users",
    "shop__payments_payments",
    "shop__inventory_levels",
    "shop__inventory_movements",
    "shop__reviews_reviews",
)
NOTHING = -1
ANYTHING = 2**63 - 1

_COLUMNS = {
    "key": "varchar",
    "before": "varchar",
    "after": "varchar",
    "unchanged": "varchar[]",
    "ts_ms": "bigint",
    "txid": "bigint",
    "_source": "varchar",
    "_position": "bigint",
    "_sequence": "integer",
    "_op": "varchar",
    "_ingested_at": "timestamptz",
}


@dataclass(frozen=True)
class BronzeTable:
    """One bronze table at one instant. `position` is the highest commit position it is known to
    hold; a file without statistics may hold a higher one."""

    name: str
    version: int
    position: int
    files: tuple[tuple[str, int], ...]

    @property
    def measured(self) -> bool:
        """Whether every file tells its highest position."""
        return all(highest < ANYTHING for _, highest in self.files)

    def files_since(self, position: int) -> list[str]:
        """Files that may hold a change at or after `position`."""
        return [uri for uri, highest in self.files if highest >= position]


def read_bronze(lake: Path) -> dict[str, BronzeTable]:
    """Every bronze table that the transforms know; one not written yet is empty at version -1."""
    return {name: _read(lake / "bronze" / name, name) for name in TABLES}


def _read(path: Path, name: str) -> BronzeTable:
    if not DeltaTable.is_deltatable(str(path)):
        return BronzeTable(name, NOTHING, NOTHING, ())
    table = DeltaTable(str(path))
    added = table.get_add_actions(flatten=True)
    names = added.column("path").to_pylist()
    columns = added.schema.names
    highest = (
        added.column("max._position").to_pylist()
        if "max._position" in columns
        else [None] * len(names)
    )
    files = tuple(
        (str(path / file), ANYTHING if position is None else int(position))
        for file, position in zip(names, highest, strict=True)
    )
    known = [position for _, position in files if position < ANYTHING]
    return BronzeTable(name, table.version(), max(known, default=NOTHING), files)


def register(
    con: duckdb.DuckDBPyConnection, tables: Iterable[BronzeTable], since: Mapping[str, int]
) -> None:
    """Point `bronze.<table>` at the files that may hold a change at or after `since[table]`."""
    con.execute("create schema if not exists bronze")
    for table in tables:
        files = table.files_since(since.get(table.name, NOTHING))
        news = f"{_select(files)} where _position >= {since.get(table.name, NOTHING)}"
        con.execute(f'create or replace view bronze."{table.name}" as {news}')


def _select(files: list[str]) -> str:
    if not files:
        empty = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in _COLUMNS.items())
        return f"select * from (select {empty} where false)"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    return f"select {names} from read_parquet([{listed}], union_by_name = true)"

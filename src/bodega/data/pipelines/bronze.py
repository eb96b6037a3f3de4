"""What bronze holds, and how the warehouse sees it: views over the files that may hold news."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from bodega.data.lake.archive import cold_files
from bodega.data.lake.paths import BRONZE
from bodega.data.lake.storage import LakeRoot, Place, at

TABLES = (
    "shop__orders_orders",
    "shop__orders_order_lines",
    "shop__orders_returns",
    "shop__orders_return_lines",
    "shop__catalog_products",
    "shop__catalog_variants",
    "shop__identity_users",
    "shop__payments_payments",
    "shop__payments_refunds",
    "shop__payments_ledger_entries",
    "shop__payments_ledger_lines",
    "shop__inventory_levels",
    "shop__inventory_movements",
    "shop__reviews_reviews",
    "shop__pricing_promotions",
    "shop__pricing_coupons",
    "shop__pricing_redemptions",
    "shop__cart_abandonments",
)
NOTHING = -1
ANYTHING = 2**63 - 1

COLUMNS = {
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


def read_bronze(lake: Place) -> dict[str, BronzeTable]:
    """Every bronze table that the transforms know; one not written yet is empty at version -1."""
    return {name: _read(at(lake), name) for name in TABLES}


def _read(root: LakeRoot, name: str) -> BronzeTable:
    path = f"{BRONZE}/{name}"
    if not root.is_delta(path):
        return BronzeTable(name, NOTHING, NOTHING, ())
    table = root.delta(path)
    added = table.get_add_actions(flatten=True)
    columns = {column: added.column(column).to_pylist() for column in added.schema.names}
    hot = columns["path"]
    highest = columns.get("max._position", [None] * len(hot))
    files = [
        *((file.uri, file.highest) for file in cold_files(root, name, table)),
        *((root.uri(f"{path}/{file}"), at) for file, at in zip(hot, highest, strict=True)),
    ]
    known = [position for _, position in files if position is not None]
    return BronzeTable(
        name,
        table.version(),
        max(known, default=NOTHING),
        tuple((uri, ANYTHING if at is None else int(at)) for uri, at in files),
    )


def register(
    con: duckdb.DuckDBPyConnection, tables: Iterable[BronzeTable], since: Mapping[str, int]
) -> None:
    """Point `bronze.<table>` at the files that may hold a change at or after `since[table]`."""
    con.execute("create schema if not exists bronze")
    for table in tables:
        files = table.files_since(since.get(table.name, NOTHING))
        news = f"{select_envelopes(files)} where _position >= {since.get(table.name, NOTHING)}"
        con.execute(f'create or replace view bronze."{table.name}" as {news}')


def select_envelopes(files: list[str]) -> str:
    """SQL that reads these files of a bronze table."""
    if not files:
        empty = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in COLUMNS.items())
        return f"select * from (select {empty} where false)"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    return (
        f"select {names} from read_parquet([{listed}], "
        "union_by_name = true, hive_partitioning = false)"
    )

"""Reads a bronze table back as changes."""

from deltalake import DeltaTable

from bodega.backbone.changes.envelope import Change
from bodega.data.lake.paths import bronze_path
from bodega.data.lake.storage import LakeRoot


def opened(root: LakeRoot, table: str) -> DeltaTable:
    return DeltaTable(root.uri(bronze_path("shop", table)))


def rows_in(root: LakeRoot, table: str) -> int:
    if not DeltaTable.is_deltatable(root.uri(bronze_path("shop", table))):
        return 0
    return int(opened(root, table).count())


def changes_in(root: LakeRoot, table: str) -> list[Change]:
    if not DeltaTable.is_deltatable(root.uri(bronze_path("shop", table))):
        return []
    rows = opened(root, table).to_pyarrow_table().to_pylist()
    return [
        Change(
            table,
            row["_op"],
            row["key"],
            row["before"],
            row["after"],
            tuple(row["unchanged"]),
            row["ts_ms"],
            row["txid"],
            row["_position"],
            row["_sequence"],
        )
        for row in sorted(rows, key=lambda row: (row["_position"], row["_sequence"]))
    ]

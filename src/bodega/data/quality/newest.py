"""The newest value of a column: how far a table tells, whenever it was read."""

from datetime import UTC, datetime, timedelta

import duckdb
from deltalake.exceptions import DeltaError

from bodega.data.ingest.sources.conform import connect
from bodega.data.lake.paths import GOLD
from bodega.data.lake.published import read_published
from bodega.data.lake.s3 import quoted
from bodega.data.lake.storage import LakeRoot

AHEAD = timedelta(days=1)
"""Later values are wrong, and would make a table look fresh for ever."""


def newest_value(
    root: LakeRoot, table: str, column: str, *, now: datetime
) -> tuple[datetime | None, str]:
    """Of a table of gold, of a mapping or of a source's bronze; else None, and why."""
    layer, _, name = table.partition(".")
    known = read_published(root).tables.get(name) if layer == GOLD else None
    path = f"{layer}/{name}"
    try:
        if not root.is_delta(path):
            return None, f"`of` cannot be asked of {table}: it is not kept as files"
        files = root.delta(path, known.version if known else None).file_uris()
        return (_max(root, files, column, now) if files else None), ""
    except (DeltaError, OSError, duckdb.Error) as error:
        return None, f"{table} does not tell {column!r}: {str(error).splitlines()[0]}"


def _max(root: LakeRoot, files: list[str], column: str, now: datetime) -> datetime | None:
    name = '"' + column.replace('"', '""') + '"'
    listed = ", ".join(quoted(file) for file in files)
    with connect(root) as con:
        row = con.execute(
            f"select epoch_ms(max(told)) from (select try_cast({name} as timestamptz) as told "
            f"from read_parquet([{listed}], union_by_name = true, hive_partitioning = true)) "
            "where told <= ?",
            [now + AHEAD],
        ).fetchone()
    return None if row is None or row[0] is None else datetime.fromtimestamp(row[0] / 1000, UTC)

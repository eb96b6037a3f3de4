"""Looking at a stream: what it holds now, what it held then, what was set aside."""

from datetime import datetime
from typing import Any

from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.current import current_sql, rejected_sql
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.lake.storage import LakeRoot


def look(
    root: LakeRoot,
    source: str,
    stream: Stream,
    *,
    rejected: bool = False,
    as_of: datetime | None = None,
    limit: int = 1_000_000,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows, in the order of arrival."""
    table = SourceTable(root, source, stream.name)
    columns = table.saved().columns or list(stream.columns)
    files = table.files()
    if rejected:
        sql = f"{rejected_sql(files)} order by _position, _sequence"
    else:
        chosen = ", ".join([*(f'"{column.name}"' for column in columns), "_origin", "_known_at"])
        current = current_sql(stream, files, columns, as_of=as_of)
        sql = f"select {chosen} from ({current}) order by _position, _sequence"
    with connect(root) as con:
        cursor = con.execute(f"{sql} limit {int(limit)}")
        return [column[0] for column in cursor.description or []], cursor.fetchall()

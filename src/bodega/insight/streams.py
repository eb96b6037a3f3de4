"""Rows of published tables as lines of JSON, read as they are taken."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio.to_thread
import duckdb
import pyarrow as pa

from bodega.contracts.dex import Dataset, InsightQuery
from bodega.data.lake.published import PublishedTable, read_published
from bodega.data.lake.storage import Place
from bodega.insight.gold import GoldReader
from bodega.kernel.errors import NotFound, Rejected

BATCH = 1_000
_DAYS = ("date", "occurred_at", "placed_at", "day")


@dataclass
class GoldStreams:
    """Answers `Datasets`, and streams. What is published meanwhile does not disturb a stream."""

    lake: Place
    gold: GoldReader
    batch: int = BATCH

    async def datasets(self) -> list[Dataset]:
        published = read_published(self.lake)
        return [
            Dataset(name=name, rows=table.rows, columns=dict(table.columns), by=_by(table))
            for name, table in sorted(published.tables.items())
        ]

    async def open(self, query: InsightQuery) -> AsyncIterator[bytes]:
        """Chunks of whole lines. Raises NotFound, Rejected before the first."""
        table = read_published(self.lake).tables.get(query.dataset)
        if table is None:
            raise NotFound(query.dataset)
        sql, parameters = _sql(query, table)
        cursor = self.gold.cursor()
        if cursor is None:
            raise NotFound(query.dataset)
        await anyio.to_thread.run_sync(self._told, cursor, sql, parameters)
        return self._lines(cursor, sql, parameters)

    def _told(self, cursor: duckdb.DuckDBPyConnection, sql: str, parameters: list[object]) -> None:
        """Before the first row goes out."""
        try:
            self.gold.told(cursor, sql, parameters, via="insights")
        except BaseException:
            cursor.close()
            raise

    async def _lines(
        self, cursor: duckdb.DuckDBPyConnection, sql: str, parameters: list[object]
    ) -> AsyncIterator[bytes]:
        def begin() -> pa.RecordBatchReader:
            return cursor.execute(sql, parameters).to_arrow_reader(self.batch)

        try:
            reader = await anyio.to_thread.run_sync(begin)
            while (chunk := await anyio.to_thread.run_sync(_next, reader)) is not None:
                yield chunk
        finally:
            cursor.close()


def _next(reader: pa.RecordBatchReader) -> bytes | None:
    """The next lines; None at the end."""
    for batch in reader:
        if batch.num_rows:
            return ("\n".join(batch.column(0).to_pylist()) + "\n").encode()
    return None


def _by(table: PublishedTable) -> str | None:
    return next((name for name in _DAYS if name in table.columns), None)


def _sql(query: InsightQuery, table: PublishedTable) -> tuple[str, list[object]]:
    wanted = list(query.columns) or list(table.columns)
    unknown = [name for name in wanted if name not in table.columns]
    if unknown:
        raise Rejected(f"{query.dataset} has no column {', '.join(unknown)}")
    by, conditions, parameters = _by(table), [], list[object]()
    for sign, day in ((">=", query.since), ("<=", query.until)):
        if day is not None:
            if by is None:
                raise Rejected(f"{query.dataset} has no day to bound")
            conditions.append(f'cast("{by}" as date) {sign} ?')
            parameters.append(day)
    where = f"where {' and '.join(conditions)}" if conditions else ""
    limit = f"limit {query.limit}" if query.limit else ""
    columns = ", ".join(_column(name, table.columns[name]) for name in wanted)
    rows = f'select {columns} from gold."{query.dataset}" {where} {limit}'
    return f"select to_json(r)::varchar from ({rows}) r", parameters


def _column(name: str, kind: str) -> str:
    """Instants as RFC 3339 in UTC; the rest as DuckDB writes JSON."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', \"{name}\"), '%Y-%m-%dT%H:%M:%S.%fZ') as \"{name}\""
    return f'"{name}"'

"""One open reading of published gold, renewed when the pipelines publish."""

import threading
from collections.abc import Sequence
from typing import Any

import anyio.to_thread
import duckdb

from bodega.data.lake.access import AccessLog
from bodega.data.lake.published import read_published, stamp
from bodega.data.lake.query import connect_gold
from bodega.data.lake.storage import Place
from bodega.data.lake.touched import Personal, Touched, personal_columns, touched

_REMEMBERED = 1_000


class GoldReader:
    """Rows of `gold.<table>`, from threads; every answer comes from one published set."""

    def __init__(self, lake: Place, *, memory_mb: int = 256) -> None:
        self._lake = lake
        self._memory_mb = memory_mb
        self._renewing = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._touched: dict[str, Touched] = {}
        self._personal: Personal = {}
        self.access = AccessLog(lake)
        self._connection: duckdb.DuckDBPyConnection | None = None

    async def rows(
        self, sql: str, parameters: Sequence[object] = (), *, via: str = "metrics"
    ) -> list[dict[str, Any]]:
        """The rows by column name; none while nothing is published. Raises AccessUnrecorded."""
        return await anyio.to_thread.run_sync(self._rows, sql, parameters, via)

    def cursor(self) -> duckdb.DuckDBPyConnection | None:
        """A reading of its own of what is published now, closed by the caller, who says by `told`
        what is read; None while nothing is."""
        connection = self._current()
        return None if connection is None else connection.cursor()

    def told(
        self,
        cursor: duckdb.DuckDBPyConnection,
        sql: str,
        parameters: Sequence[object],
        *,
        via: str,
        purpose: str = "",
    ) -> None:
        """Write down what a query reads, before it is run: what is personal now, the rest soon.
        Raises AccessUnrecorded."""
        read = self._touched.get(sql)
        if read is None:
            if len(self._touched) > _REMEMBERED:
                self._touched.clear()
            read = self._touched[sql] = touched(cursor, sql, parameters, self._personal)
        if read.personal:
            self.access.note(via, tables=read.tables, personal=read.personal, purpose=purpose)
        else:
            self.access.add(via, tables=read.tables, purpose=purpose)

    def _rows(self, sql: str, parameters: Sequence[object], via: str) -> list[dict[str, Any]]:
        connection = self._current()
        if connection is None:
            return []
        with connection.cursor() as cursor:
            self.told(cursor, sql, parameters, via=via)
            cursor.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _current(self) -> duckdb.DuckDBPyConnection | None:
        with self._renewing:
            now = stamp(self._lake)
            if now != self._stamp:
                self._personal, self._touched = personal_columns(self._lake), {}
                published = read_published(self._lake)
                # Readers of the old set keep it alive until they are done.
                self._connection = (
                    connect_gold(self._lake, published, memory_mb=self._memory_mb)
                    if published.tables
                    else None
                )
                self._stamp = now
            return self._connection

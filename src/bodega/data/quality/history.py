"""What checks, loads and profiles found, kept as Delta tables of the lake: `quality/<kind>`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

import duckdb
import pyarrow as pa
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError

from bodega.data.lake.delta import AppendOnlyTable, tidy
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.policy import LayerPolicy
from bodega.data.lake.storage import LakeRoot

Kind = Literal["reconciliations", "results", "profiles", "redrives", "rejects"]
Row = Mapping[str, Any]

QUALITY = "quality"
POLICY = LayerPolicy("quality", None, target_mb=16, compact_after=40)
_AT = ("noted_at", pa.timestamp("us", tz="UTC"))
_TEXT = pa.string()
_OLDER = "noted_at < arrow_cast('{}', 'Timestamp(Microsecond, Some(\"UTC\"))')"

SCHEMAS: Mapping[Kind, pa.Schema] = {
    "reconciliations": pa.schema(
        [
            _AT,
            *((n, _TEXT) for n in ("load", "hop", "table_name", "measure", "source", "target")),
            ("agrees", pa.bool_()),
        ]
    ),
    "results": pa.schema(
        [
            _AT,
            *((n, _TEXT) for n in ("table_name", "check_name", "kind", "severity")),
            ("passed", pa.bool_()),
            ("row_count", pa.int64()),
            *((n, _TEXT) for n in ("observed", "expected", "detail")),
        ]
    ),
    "profiles": pa.schema(
        [
            _AT,
            ("table_name", _TEXT),
            ("version", pa.int64()),
            ("row_count", pa.int64()),
            *((n, _TEXT) for n in ("column_name", "column_type")),
            *((n, pa.int64()) for n in ("nulls", "distinct")),
            *((n, _TEXT) for n in ("lowest", "highest")),
            *((n, pa.float64()) for n in ("mean", "deviation", "drift")),
            *((n, _TEXT) for n in ("quantiles", "top", "bins")),
        ]
    ),
    "rejects": pa.schema(
        [_AT, *((n, _TEXT) for n in ("bronze_table", "key", "reason")), ("position", pa.int64())]
    ),
    "redrives": pa.schema(
        [
            _AT,
            *((n, _TEXT) for n in ("id", "table_name", "by", "why", "edits", "outcome", "detail")),
        ]
    ),
}


def _opened() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 2, "memory_limit": "256MB"})


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    return _opened()


class History:
    """Appends and reads; several processes may do both at once."""

    def __init__(self, root: LakeRoot) -> None:
        self._root = root
        self._tables: dict[Kind, AppendOnlyTable] = {}

    def append(self, kind: Kind, rows: Sequence[Row]) -> None:
        """One commit. Raises LakeUnavailable."""
        if not rows:
            return
        table = self._table(kind)
        if not table.exists():
            table.create()
        table.append(pa.Table.from_pylist([dict(row) for row in rows], SCHEMAS[kind]), {})

    def replace(self, kind: Kind, rows: Sequence[Row]) -> None:
        """What is so now, instead of what was. Raises LakeUnavailable."""
        table = pa.Table.from_pylist([dict(row) for row in rows], SCHEMAS[kind])
        uri = self._root.uri(f"{QUALITY}/{kind}")
        try:
            write_deltalake(uri, table, mode="overwrite", storage_options=self._root.options)
        except (DeltaError, OSError) as error:
            raise LakeUnavailable(uri, error) from error

    def rows(
        self,
        kind: Kind,
        where: str = "true",
        parameters: Sequence[object] = (),
        *,
        order: str = "noted_at desc",
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        """The newest first; none before the first commit."""
        return self.ask(
            kind, f"select * from {kind} where {where} order by {order} limit {limit}", parameters
        )

    def ask(self, kind: Kind, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """A query over the relation that is named as `kind`."""
        path = f"{QUALITY}/{kind}"
        if not self._root.is_delta(path):
            return []
        listed = ", ".join("'" + f.replace("'", "''") + "'" for f in self._files(path))
        with self._reading() as con:
            con.execute("set TimeZone = 'UTC'")
            relation = f"select * from read_parquet([{listed}], union_by_name = true)"
            if not listed:
                con.register("nothing", SCHEMAS[kind].empty_table())
                relation = "select * from nothing"
            con.execute(f"create temp view {kind} as {relation}")
            cursor = con.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _reading(self) -> duckdb.DuckDBPyConnection:
        """A connection to be closed; of a lake on disk they share one database: opening another
        costs more than most questions."""
        if self._root.is_local:
            return _shared().cursor()
        con = _opened()
        self._root.attach(con)
        return con

    def tidy(self, *, keep_days: int, now: datetime | None = None) -> None:
        """Join small files; forget what is older than `keep_days`, re-drives excepted."""
        since = (now or datetime.now(UTC)) - timedelta(days=keep_days)
        for kind in SCHEMAS:
            path = f"{QUALITY}/{kind}"
            if self._root.is_delta(path):
                table = self._root.delta(path)
                if kind not in ("redrives", "rejects"):
                    table.delete(_OLDER.format(since.astimezone(UTC).isoformat()))
                tidy(table, POLICY)

    def _files(self, path: str) -> list[str]:
        return self._root.delta(path).file_uris()

    def _table(self, kind: Kind) -> AppendOnlyTable:
        if kind not in self._tables:
            uri = self._root.uri(f"{QUALITY}/{kind}")
            self._tables[kind] = AppendOnlyTable(
                uri, SCHEMAS[kind], options=self._root.options, policy=POLICY
            )
        return self._tables[kind]

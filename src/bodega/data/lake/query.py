"""Read-only SQL over the published tables, `gold.<table>` and `mapped.<name>`, and nothing else of
this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from bodega.data.lake.access import AccessLog
from bodega.data.lake.errors import LakeIncomplete
from bodega.data.lake.paths import GOLD, SILVER
from bodega.data.lake.published import Published, read_published, select_files, table_files
from bodega.data.lake.s3 import quoted
from bodega.data.lake.storage import Place, at
from bodega.data.lake.touched import personal_columns, touched
from bodega.kernel.errors import Invalid, NotFound, Rejected, TooMany


class NothingPublished(NotFound):
    code = "lake_empty"
    title = "Nothing is published yet: run `bodega lake build`, or wait for the pipelines"


class BadQuery(Invalid):
    code = "query_invalid"
    title = "The query cannot be run"


class NotReadOnly(Rejected):
    code = "query_not_read_only"
    title = "Only a single SELECT statement is allowed"


class QueryTooLong(TooMany):
    code = "query_timeout"
    title = "The query took too long: narrow it, or allow more time with --timeout"


@dataclass(frozen=True)
class QueryResult:
    """Rows in the order of `columns`. `truncated` when the limit cut the result off."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


@contextmanager
def open_gold(
    lake: Place, published: Published | None = None, *, memory_mb: int = 256
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB that sees the published files only and can no longer be reconfigured."""
    con = connect_gold(lake, published or read_published(lake), memory_mb=memory_mb)
    try:
        yield con
    finally:
        con.close()


def connect_gold(
    lake: Place, published: Published, *, memory_mb: int = 256
) -> duckdb.DuckDBPyConnection:
    """As `open_gold`, closed by the caller. Raises LakeIncomplete."""
    from deltalake.exceptions import DeltaError

    con = duckdb.connect(":memory:", config={"memory_limit": f"{memory_mb}MB", "threads": 2})
    con.execute("set TimeZone = 'UTC'")
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    con.execute("set python_enable_replacements = false")
    con.execute("set temp_directory = ''")
    at(lake).attach(con)
    con.execute("set parquet_metadata_cache = true")
    allowed: list[str] = []
    for schema, layer, tables in (
        ("gold", GOLD, published.tables),
        ("mapped", SILVER, published.mapped),
    ):
        con.execute(f"create schema {schema}")
        for name, table in tables.items():
            try:
                files = table_files(lake, name, table.version, layer)
                con.execute(f'create view {schema}."{name}" as {select_files(files, table)}')
            except (duckdb.Error, DeltaError) as error:
                con.close()
                raise LakeIncomplete(f"{schema}.{name}", error) from error
            allowed += files
    con.execute(f"set allowed_paths = [{', '.join(quoted(file) for file in allowed)}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def query(
    lake: Place,
    sql: str,
    *,
    limit: int = 10_000,
    timeout_seconds: float = 30.0,
    purpose: str = "",
) -> QueryResult:
    """Run one SELECT over the published tables, and write down who did. Raises a clear error for
    anything else, and AccessUnrecorded."""
    published = read_published(lake)
    if not published.tables:
        raise NothingPublished
    with open_gold(lake, published) as con:
        _demand_select(con, sql)
        reads = touched(con, sql, (), personal_columns(lake))
        with _interrupted_after(con, timeout_seconds):
            result = _run(con, sql, limit)
    record = AccessLog(lake)
    record.note(
        "query",
        tables=reads.tables,
        personal=reads.personal,
        rows=len(result.rows),
        purpose=purpose,
    )
    record.share()
    return result


def _run(con: duckdb.DuckDBPyConnection, sql: str, limit: int) -> QueryResult:
    try:
        cursor = con.execute(sql)
        rows = cursor.fetchmany(limit + 1)
    except duckdb.InterruptException as error:
        raise QueryTooLong from error
    except duckdb.Error as error:
        raise BadQuery(str(error)) from error
    columns = [column[0] for column in cursor.description or []]
    return QueryResult(columns, rows[:limit], truncated=len(rows) > limit)


def _demand_select(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise BadQuery(str(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise NotReadOnly


@contextmanager
def _interrupted_after(con: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

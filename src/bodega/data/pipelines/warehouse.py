"""The DuckDB file of the transforms, private to pipelines, and its memory of past refreshes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.published import Published
from bodega.data.lake.storage import Place, at
from bodega.data.pipelines import days as backfills
from bodega.data.pipelines import months
from bodega.data.pipelines.bronze import NOTHING, BronzeTable, register
from bodega.data.pipelines.mapped import MappedTable, register_mapped
from bodega.kernel.errors import Conflict

log = get_logger(__name__)

_MEMORY = """
create schema if not exists meta;
create table if not exists meta.refresh (
    batch bigint, upto bigint, project varchar, known_at_ms bigint
);
alter table meta.refresh add column if not exists good bigint default 0;
create table if not exists meta.bronze (table_name varchar, version bigint, since bigint);
create table if not exists meta.mapped (table_name varchar, version bigint);
insert into meta.refresh (batch, upto, project)
select 0, -1, '' where not exists (select 1 from meta.refresh);
"""


# What DuckDB says of a file whose blocks or log it cannot read.
_DAMAGE = (
    "corrupt database file",
    "remaining in metadatareader",
    "failure while replaying wal",
    "not a valid duckdb database file",
)


class WarehouseBusy(Conflict):
    """Another process has the warehouse open."""

    code = "warehouse_busy"
    title = "The warehouse is in use by another process: ask it, or stop it with `bodega down`"


@dataclass(frozen=True)
class Seen:
    """What the last good refresh saw: per bronze table its version and position, per mapped table
    its version."""

    batch: int
    project: str
    known_at_ms: int | None
    versions: Mapping[str, int]
    since: Mapping[str, int]
    mapped: Mapping[str, int]


@dataclass(frozen=True)
class Warehouse:
    """Where the warehouse is and how much memory it may take. Its file lies in the work folder of
    the lake, wherever the lake itself is."""

    lake: Place
    memory_mb: int = 1024

    @property
    def work(self) -> Path:
        return at(self.lake).work

    @property
    def path(self) -> Path:
        return self.work / "warehouse.duckdb"

    @property
    def damaged(self) -> Path:
        return self.work / "warehouse.damaged"

    @property
    def spill(self) -> Path:
        return self.work / "spill"

    def environment(self) -> dict[str, str]:
        """What the dbt profile reads."""
        return {
            "BODEGA_WAREHOUSE": str(self.path),
            "BODEGA_WAREHOUSE_MEMORY": f"{self.memory_mb}MB",
            "BODEGA_WAREHOUSE_SPILL": str(self.spill),
            "BODEGA_WAREHOUSE_LAKE": str(at(self.lake)),
        }

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that is closed again."""
        con = self._connect()
        broken = False
        try:
            con.execute(f"set memory_limit = '{self.memory_mb}MB'")
            spill_to(con, str(self.spill))
            con.execute("set threads = 2")
            con.execute("set TimeZone = 'UTC'")
            con.execute(_MEMORY + backfills.MEMORY + months.MEMORY)
            at(self.lake).attach(con)
            yield con
        except duckdb.Error as error:
            broken = _damaged(error)
            raise
        finally:
            con.close()
            if broken:
                self._set_aside()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        """Raises WarehouseBusy. A file that a killed process left damaged is set aside: all that it
        held comes from bronze again."""
        self.work.mkdir(parents=True, exist_ok=True)
        try:
            return duckdb.connect(str(self.path))
        except duckdb.Error as error:
            if "Could not set lock" in str(error):
                raise WarehouseBusy from error
            if not _damaged(error):
                raise
        self._set_aside()
        return duckdb.connect(str(self.path))

    def _set_aside(self) -> None:
        """The next refresh builds everything anew; one such file is kept for whoever asks why."""
        log.warning("warehouse_damaged", path=str(self.path), kept=str(self.damaged))
        self.path.replace(self.damaged)
        Path(f"{self.path}.wal").unlink(missing_ok=True)


def _damaged(error: duckdb.Error) -> bool:
    said = str(error).lower()
    return any(words in said for words in _DAMAGE)


def spill_to(con: duckdb.DuckDBPyConnection, folder: str) -> None:
    """Where what does not fit into memory goes. dbt may have the same database open and be using
    the folder: DuckDB refuses to hear of it then, even of the same one."""
    said = con.execute("select current_setting('temp_directory')").fetchone()
    if said != (folder,):
        con.execute(f"set temp_directory = '{folder}'")


def seen(con: duckdb.DuckDBPyConnection) -> Seen:
    """What the warehouse remembers of its last good refresh."""
    row = con.execute("select batch, project, known_at_ms from meta.refresh").fetchone()
    assert row is not None
    tables = con.execute("select table_name, version, since from meta.bronze").fetchall()
    return Seen(
        batch=row[0],
        project=row[1],
        known_at_ms=row[2],
        versions={name: version for name, version, _ in tables},
        since={name: since for name, _, since in tables},
        mapped=dict(con.execute("select table_name, version from meta.mapped").fetchall()),
    )


def begin(
    con: duckdb.DuckDBPyConnection,
    bronze: Mapping[str, BronzeTable],
    mapped: Mapping[str, MappedTable],
    before: Seen,
    *,
    upto: int,
    days: backfills.Days | None = None,
) -> Seen:
    """Open the next batch: what the models read as `meta.refresh`, `meta.bronze`, `bronze.*` and
    `mapped.*`. Rows of `days`, and of days that a crash left half built, are taken out, to be
    built anew."""
    con.execute("begin")
    register(con, bronze.values(), before.since)
    register_mapped(con, mapped.values())
    con.execute("update meta.refresh set batch = ?, upto = ?", [before.batch + 1, upto])
    con.execute("delete from meta.bronze")
    _insert(
        con,
        "meta.bronze",
        [(n, before.versions.get(n, NOTHING), before.since.get(n, NOTHING)) for n in bronze],
    )
    if days is not None:
        backfills.note(con, days)
    backfills.take_out(con, bronze)
    con.execute("commit")
    return replace(before, batch=before.batch + 1)


@dataclass(frozen=True)
class News:
    """How many changes of each table are registered, and the commit of the newest, in
    milliseconds."""

    newest_ms: int | None
    changes: Mapping[str, int]


def news(con: duckdb.DuckDBPyConnection, tables: list[str], upto: int) -> News:
    """Of the registered changes up to a position."""
    union = " union all ".join(
        f"""select '{name}', max(ts_ms), count(*) from bronze."{name}" where _position <= {upto}"""
        for name in tables
    )
    rows = con.execute(union).fetchall()
    newest = max((at for _, at, _ in rows if at is not None), default=None)
    return News(newest, {name: count for name, _, count in rows})


def built_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows each built table holds, by `schema.table`; views have none."""
    rows = con.execute(
        "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
    ).fetchall()
    return {name: int(count) for name, count in rows}


def remember(
    con: duckdb.DuckDBPyConnection,
    bronze: Mapping[str, BronzeTable],
    mapped: Mapping[str, MappedTable],
    *,
    upto: int,
    project: str,
    known_at_ms: int | None,
    published: Published,
    everything: bool,
) -> None:
    """Close the batch: from now on the changes up to `upto` are old news, `published` is what
    readers have, and whether `everything` was looked at."""
    con.execute("begin")
    con.execute(
        "update meta.refresh set good = batch, project = ?, known_at_ms = ?", [project, known_at_ms]
    )
    con.execute("delete from meta.bronze")
    _insert(
        con, "meta.bronze", [(t.name, t.version, min(t.position, upto)) for t in bronze.values()]
    )
    con.execute("delete from meta.mapped")
    _insert(con, "meta.mapped", [(t.name, t.version) for t in mapped.values()])
    backfills.done(con)
    months.done(con, published, everything=everything)
    con.execute("commit")


def _insert(
    con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[str | int, ...]]
) -> None:
    """All at once: a statement a row costs as much each."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute(
            f"insert into {table} select {', '.join('unnest(?)' for _ in columns)}", columns
        )

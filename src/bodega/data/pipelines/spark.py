"""The same dbt project on Spark: bronze registered by its files, every model built, gold compared.

    python -m bodega.data.pipelines.spark LAKE [WORK]

Spark reads the Parquet files that Delta's log names, so that no jar is needed. Everything is built
from the first change on: what is incremental on DuckDB is a table here.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from bodega.data.ingest.sources.casts import native
from bodega.data.ingest.sources.standard import STANDARD
from bodega.data.lake.published import (
    Published,
    PublishedTable,
    read_published,
    select_files,
    table_files,
)
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.data.pipelines.bronze import COLUMNS, read_bronze
from bodega.data.pipelines.dbt import PROJECT
from bodega.data.pipelines.mapped import PROVENANCE, read_mapped

_TYPES = {
    "varchar": "string",
    "varchar[]": "array<string>",
    "timestamptz": "timestamp",
    "integer": "int",
}


@dataclass(frozen=True)
class Compared:
    """A gold table as published and as Spark built it: rows, and the order-free sum of their
    hashes."""

    table: str
    published: tuple[int, int]
    spark: tuple[int, int]

    @property
    def agrees(self) -> bool:
        return self.published == self.spark


class SparkBuildFailed(RuntimeError):
    """A model of the project failed on Spark."""


@contextmanager
def local_session(work: Path) -> Iterator[Any]:
    """A Spark of this process: two cores, a catalogue in memory, tables below `work`."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(work / "scratch"),
    }
    builder = SparkSession.builder.master("local[2]").appName("bodega")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def register(session: Any, lake: Place, upto: int) -> None:
    """`bronze.*`, `mapped.*` and `meta.*` as the project's sources name them."""
    for schema in ("bronze", "mapped", "meta", "staging", "silver", "intermediate", "gold"):
        session.sql(f"create schema if not exists {schema}")
    for name, table in read_bronze(lake).items():
        _view(session, f"bronze.{name}", [file for file, _ in table.files], COLUMNS)
    for name, mapped in read_mapped(lake).items():
        if name in STANDARD:
            columns = {c: native(kind) for c, kind in STANDARD[name]["columns"].items()}
            _view(session, f"mapped.{name}", mapped.files, columns | PROVENANCE)
    session.sql(
        "create or replace view meta.refresh as select cast(1 as bigint) as batch, "
        f"cast({upto} as bigint) as upto, cast(0 as bigint) as good"
    )


def _view(session: Any, name: str, files: Sequence[str], columns: Mapping[str, str]) -> None:
    """One view over the files, each asked for what it has: older ones lack later columns."""
    types = {column: _spark_type(kind) for column, kind in columns.items()}
    blank = ", ".join(f"cast(null as {kind}) as `{c}`" for c, kind in types.items())
    parts = [f"select {blank} where false"]
    for file in files:
        there = set(pq.read_schema(file).names)
        chosen = ", ".join(
            f"cast({f'`{c}`' if c in there else 'null'} as {kind}) as `{c}`"
            for c, kind in types.items()
        )
        parts.append(f"select {chosen} from parquet.`{file}`")
    session.sql(f"create or replace view {name} as {' union all '.join(parts)}")


def _spark_type(kind: str) -> str:
    return _TYPES.get(kind.lower(), kind.lower())


def build(work: Path) -> None:
    """Every model of the project on the session of this process. Its tests are not run again: what
    is built is compared with what passed them. Raises SparkBuildFailed."""
    os.environ["DO_NOT_TRACK"] = "1"
    from dbt.cli.main import dbtRunner

    scratch = work / "dbt"
    done = dbtRunner().invoke(
        [
            *("run", "--target", "spark"),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(scratch / "target"), "--log-path", str(scratch)),
            *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors"),
            *("--quiet", "--no-partial-parse"),
        ]
    )
    if done.exception is not None:
        raise SparkBuildFailed(str(done.exception)) from done.exception
    results: Any = done.result
    failed = [result for result in results if str(result.status) != "success"]
    if failed:
        raise SparkBuildFailed("; ".join(f"{r.node.name}: {r.message}" for r in failed))


def compare(session: Any, lake: Place) -> list[Compared]:
    """Each published table against Spark's, in the published columns and types."""
    root, published = at(lake), read_published(lake)
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        root.attach(con)
        return [
            Compared(
                name, _published(con, root, published, name), _built(con, session, name, table)
            )
            for name, table in sorted(published.tables.items())
        ]


def _published(
    con: duckdb.DuckDBPyConnection, root: LakeRoot, published: Published, name: str
) -> tuple[int, int]:
    table = published.tables[name]
    files = table_files(root, name, table.version)
    return _print(con, f"({select_files(files, table)})", table)


def _built(
    con: duckdb.DuckDBPyConnection, session: Any, name: str, table: PublishedTable
) -> tuple[int, int]:
    con.register("built", session.table(f"gold.{name}").toArrow())
    try:
        return _print(con, "built", table)
    finally:
        con.unregister("built")


def _print(con: duckdb.DuckDBPyConnection, relation: str, table: PublishedTable) -> tuple[int, int]:
    row = ", ".join(f'cast("{name}" as {kind})' for name, kind in table.columns.items())
    found = con.execute(
        f"select count(*), coalesce(sum(cast(hash({row}) as hugeint)), 0) from {relation}"
    ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def run(lake: Place, work: Path) -> list[Compared]:
    """Build the published state of `lake` on a local Spark and compare. Raises SparkBuildFailed."""
    position = read_published(lake).position
    work.mkdir(parents=True, exist_ok=True)
    with local_session(work) as session:
        register(session, lake, -1 if position is None else position)
        build(work)
        return compare(session, lake)


def _main(lake: str, work: str = "spark-work") -> int:
    found = run(Path(lake), Path(work).absolute())
    for line in found:
        said = "equal" if line.agrees else f"{line.published} is not {line.spark}"
        sys.stdout.write(f"{line.table:28} {line.published[0]:>10,} rows  {said}\n")
    return int(not all(line.agrees for line in found))


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))

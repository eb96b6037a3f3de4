"""A writer to be killed: LAKE STEPS. It goes on where the lake says it was, until all are done."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from bodega.data.ingest.bronze import SCHEMA
from bodega.data.lake.archive import archive
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.policy import BRONZE, GOLD
from bodega.data.lake.publish import GoldTable, publish, vacuum
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import read_bronze, register

TABLE = "shop__orders_orders"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
POLICY = replace(BRONZE, archive_days=90, compact_after=4)


def rows(step: int) -> pa.Table:
    """Two changes; every third step they came in long ago."""
    at = NOW - timedelta(days=200 if step % 3 == 0 else 0)
    lines = [
        {"key": f"{step}-{n}", "after": "{}", "unchanged": [], "ts_ms": step, "txid": step}
        | {"_source": "shop", "_position": step, "_sequence": n, "_op": "c", "_ingested_at": at}
        for n in range(2)
    ]
    return pa.Table.from_pylist(lines, schema=SCHEMA)


def positions(root: LakeRoot) -> list[tuple[int, int]]:
    """What a rebuild from zero would read."""
    with duckdb.connect() as con:
        register(con, [read_bronze(root)[TABLE]], {})
        found = con.execute(f'select _position, _sequence from bronze."{TABLE}" order by 1, 2')
        return [(row[0], row[1]) for row in found.fetchall()]


def published(root: LakeRoot, step: int) -> None:
    with duckdb.connect() as con:
        con.execute("create schema gold")
        for name in ("a", "b"):
            con.execute(
                f"create table gold.{name} as select i as step, (i // 10)::varchar as part "
                f"from range({step + 1}) t(i)"
            )
        tables = [GoldTable("a", "part"), GoldTable("b")]
        publish(con, root, tables, known_at=NOW, position=step, now=NOW)


def main(lake: str, steps: str) -> None:
    root = LakeRoot(Path(lake))
    table = AppendOnlyTable(root.uri(f"bronze/{TABLE}"), SCHEMA, policy=POLICY)
    if not table.exists():
        table.create()
    print("begun", flush=True)
    for step in range((table.transaction("feed") or 0) + 1, int(steps) + 1):
        table.append(rows(step), {"feed": step})
        published(root, step)
        if step % 5 == 0:
            table.compact()
            vacuum(root, GOLD)
        if step % 7 == 0:
            archive(root, TABLE, POLICY, root.beside(root.uri("archive")), now=NOW)
            table.forget()
    archive(root, TABLE, POLICY, root.beside(root.uri("archive")), now=NOW)
    published(root, int(steps))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

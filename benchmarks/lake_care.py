"""Memory and time of lake upkeep: joining small files, publishing a changed month, Delta's merge.

    python -m benchmarks.lake_care [ROWS]

Each measurement is a process of its own: its peak resident memory less what imports took.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

FILES = 200


def _peak_mb() -> float:
    """Since this program began; what getrusage tells is inherited from the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _bronze(uri: str, rows: int) -> None:
    import pyarrow as pa

    from bodega.data.ingest.bronze import SCHEMA
    from bodega.data.lake.delta import AppendOnlyTable

    table = AppendOnlyTable(uri, SCHEMA)
    table.create()
    size = rows // FILES
    after = json.dumps({"id": "0" * 32, "status": "paid", "total_amount": 12345, "note": "x" * 80})
    for n in range(FILES):
        columns = [
            [f'{{"id":"{n}-{i}"}}' for i in range(size)],
            [None] * size,
            [after] * size,
            [[]] * size,
            [n] * size,
            [n] * size,
            ["shop"] * size,
            [n] * size,
            list(range(size)),
            ["c"] * size,
            [datetime.now(UTC)] * size,
        ]
        arrays = [pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)]
        table.append(pa.table(arrays, schema=SCHEMA), {"feed": n})


def compact(folder: Path, _: int) -> None:
    from bodega.data.ingest.bronze import SCHEMA
    from bodega.data.lake.delta import AppendOnlyTable

    table = AppendOnlyTable(str(folder / "bronze"), SCHEMA)
    assert table.transaction("feed") is not None
    _measured("join 200 files of bronze", table.compact)


def _warehouse(rows: int) -> "duckdb.DuckDBPyConnection":
    import duckdb

    con = duckdb.connect(config={"threads": 2, "memory_limit": "512MB"})
    con.execute("create schema gold")
    con.execute(
        "create table gold.lines as select i as id, '2026-' || lpad((1 + i % 12)::varchar, 2, '0') "
        f"as order_month, (i * 7919) % 100000 as total_amount from range({rows}) t(i)"
    )
    return con


def publish(folder: Path, rows: int) -> None:
    from bodega.data.lake.publish import GoldTable
    from bodega.data.lake.publish import publish as write

    con, lines = _warehouse(rows), GoldTable("lines", "order_month")
    write(con, folder / "gold", [lines], known_at=None, position=1)
    con.execute("update gold.lines set total_amount = 1 where id = 5")
    _measured(
        "publish one changed month of 12",
        lambda: write(con, folder / "gold", [lines], known_at=None, position=2),
    )


def merge(folder: Path, rows: int) -> None:
    from deltalake import DeltaTable, write_deltalake

    con, uri = _warehouse(rows), str(folder / "merged")
    write_deltalake(uri, con.execute("from gold.lines").to_arrow_reader(100_000))
    news = con.execute(f"from gold.lines where id % {max(rows // 100_000, 1)} = 0").to_arrow_table()
    _measured(
        "Delta's own merge of up to 100,000 changed rows",
        lambda: (
            DeltaTable(uri)
            .merge(news, "t.id = s.id", source_alias="s", target_alias="t")
            .when_matched_update_all()
            .execute()
        ),
    )


def _measured(what: str, work: Callable[[], object]) -> None:
    before, cpu, clock = _peak_mb(), time.process_time(), time.monotonic()
    work()
    print(
        f"{what:48} {time.monotonic() - clock:6.2f} s {time.process_time() - cpu:6.2f} s CPU "
        f"{_peak_mb():7.0f} MB peak ({_peak_mb() - before:+.0f})",
        flush=True,
    )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{rows:,} rows")
    with tempfile.TemporaryDirectory() as folder:
        _bronze(f"{folder}/bronze", rows)
        for step in ("compact", "publish", "merge"):
            subprocess.run(
                [sys.executable, "-m", "benchmarks.lake_care", step, folder, str(rows)], check=True
            )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        {"compact": compact, "publish": publish, "merge": merge}[sys.argv[1]](
            Path(sys.argv[2]), int(sys.argv[3])
        )
    else:
        main()

"""Ingest: rows a second of each kind of source into bronze, beside DuckDB reading the same file.

    python -m benchmarks.ingest --rows 200000

Each kind in turn, with the same made-up rows (id, name, price, day, at), without and with a key.
The peer reads the same file with DuckDB's own reader and writes it to Parquet: the floor, without
contract, state, history or Delta. Processor seconds stand beside wall seconds: a shared machine's
wall clock is noise.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import httpx

from bodega.data.ingest.sources.config import FileStreamConfig
from bodega.data.ingest.sources.contract import Source, Stream
from bodega.data.ingest.sources.files.formats import Reading
from bodega.data.ingest.sources.files.places import Folder
from bodega.data.ingest.sources.files.source import FilesSource, FileStream
from bodega.data.ingest.sources.load import load
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.rest.source import RestSource
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.clock import SystemClock

FIELDS = {"id": "integer", "price": "decimal(12,2)", "day": "date", "at": "timestamp"}
ROWS = (
    "select n as id, 'name ' || n as name, round(n * 0.37 % 900, 2)::decimal(12,2) as price, "
    "date '2026-01-01' + (n % 300)::int as day, "
    "timestamptz '2026-01-01 00:00:00+00' + to_seconds(n) as at from range({rows}) t(n)"
)
FORMATS = {
    "csv": "copy ({rows}) to '{path}' (header)",
    "csv.gz": "copy ({rows}) to '{path}' (header, compression gzip)",
    "ndjson": "copy ({rows}) to '{path}' (format json)",
    "parquet": "copy ({rows}) to '{path}' (format parquet)",
}
READERS = {
    "csv": "read_csv",
    "csv.gz": "read_csv",
    "ndjson": "read_json",
    "parquet": "read_parquet",
}


@dataclass
class Spent:
    wall: float
    cpu: float


def spent(work: Callable[[], object]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def files(folder: Path, name: str, *, key: tuple[str, ...]) -> tuple[Source, Stream]:
    config = FileStreamConfig.model_validate({"path": name, "key": key, "fields": FIELDS})
    stream = config.stream(f"{name.replace('.', '_')}{'_keyed' if key else ''}")
    reading = Reading(config.format, config.dialect, config.records, config.sheet)
    place = Folder(folder.absolute(), name)
    return FilesSource({stream.name: FileStream(stream, place, reading)}), stream


def excel(folder: Path, rows: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(folder / "rows.xlsx"), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "name", "price", "day", "at"])
        for n in range(rows):
            values = (
                n,
                f"name {n}",
                round(n * 0.37 % 900, 2),
                "2026-01-01",
                "2026-01-01T00:00:00Z",
            )
            sheet.write_row(n + 1, 0, values)


def rest(rows: int, size: int = 1000) -> tuple[Source, Stream]:
    """An API in this process, a thousand records a page: no network is measured."""

    def answer(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params["offset"])
        page = [
            {"id": n, "name": f"name {n}", "price": n * 37 % 90000 / 100, "day": "2026-01-01"}
            for n in range(at, min(at + size, rows))
        ]
        return httpx.Response(200, content=json.dumps(page))

    stream = {
        "path": "rows",
        "key": ["id"],
        "fields": {"price": "decimal(12,2)", "day": "date"},
        "pagination": {"kind": "offset", "size": size},
    }
    config = RestConfig.model_validate(
        {
            "base_url": "https://api.test",
            "manners": {"requests": 1_000_000, "cache": False},
            "streams": {"rest": stream},
        }
    )
    source = RestSource(config, clock=SystemClock(), transport=httpx.MockTransport(answer))
    return source, config.declared()[0]


def peer(path: Path, reader: str, out: Path) -> None:
    with duckdb.connect(":memory:", config={"threads": 2}) as con:
        con.execute(f"copy (select * from {reader}('{path}')) to '{out}' (format parquet)")


def line(name: str, rows: int, ours: Spent, floor: Spent | None) -> None:
    beside = f"  {ours.cpu / floor.cpu:5.1f} x DuckDB's {floor.cpu:.2f} s" if floor else ""
    print(
        f"{name:>18}  {rows / ours.cpu:>10,.0f} rows/cpu-s  {rows / ours.wall:>10,.0f} rows/s"
        f"  {ours.cpu:6.2f} cpu-s{beside}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, clock = Path(temporary), SystemClock()
        root = LakeRoot(folder / "lake")

        def read(source: Source, stream: Stream) -> Spent:
            return spent(lambda: load("bench", source, stream, root, clock=clock))

        with duckdb.connect(":memory:") as con:
            con.execute("set TimeZone = 'UTC'")
            for kind, copy in FORMATS.items():
                path = folder / f"rows.{kind}"
                con.execute(copy.format(rows=ROWS.format(rows=given.rows), path=path))
        for kind, reader in READERS.items():
            path = folder / f"rows.{kind}"
            floor = spent(partial(peer, path, reader, folder / "out.parquet"))
            line(kind, given.rows, read(*files(folder, path.name, key=())), floor)
            keyed = files(folder, path.name, key=("id",))
            line(f"{kind} keyed", given.rows, read(*keyed), floor)
        few = min(given.rows, 20_000)
        excel(folder, few)
        line("excel", few, read(*files(folder, "rows.xlsx", key=())), None)
        line("rest keyed", few, read(*rest(few)), None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.rows:,} rows a file; peak memory {peak:,.0f} MB, all kinds in one process")


if __name__ == "__main__":
    main()

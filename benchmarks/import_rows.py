"""Import: rows a second of the whole road against plain COPY of the same rows.

Each of `--rounds` in turn, in the same server and run:

    copy     the file's rows, parsed before, COPY-ed into one unindexed table: the physical limit
    import   the file through parse, rules and the modules' bulk_load, into an empty shop
    again    the same once more, when every row is known

    python benchmarks/import_rows.py FILE.csv.gz        # or a made-up file of --rows
"""

import argparse
import asyncio
import csv
import gzip
import os
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from bodega.apps.compose import compose
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.data.ingest.online_retail.load import Targets, import_online_retail
from bodega.data.ingest.online_retail.parse import COLUMNS
from bodega.kernel.clock import SystemClock
from tests.kit.servers import empty_database, migrated_settings

REAL = "online-retail/online_retail_2010-12_2011-08.csv.gz"
BESIDE = Path(__file__).parents[2] / "shared" / "data"
PLAIN = (
    "CREATE TABLE plain (invoice text, code text, description text, quantity int,"
    " at timestamptz, price numeric, customer text, country text)"
)


def made_up(folder: Path, rows: int) -> Path:
    path = folder / "made_up.csv.gz"
    with gzip.open(path, "wt", compresslevel=1, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            invoice, code = 536365 + number // 20, 20000 + number * 7919 % 3700
            at = f"2011-{1 + number * 8 // rows:02d}-10 08:26:00"
            customer = "" if number // 20 % 4 == 0 else str(12346 + number // 20 % 3000)
            values = (invoice, code, f"GOOD NUMBER {code}", 1 + number % 12, at, "2.55", customer)
            writer.writerow((*values, "United Kingdom"))
    return path


def plain_copy(dsn: str, rows: list[list[str]]) -> float:
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP TABLE IF EXISTS plain")
        connection.execute(PLAIN)
        began = time.perf_counter()
        with connection.cursor().copy("COPY plain FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        return time.perf_counter() - began


async def load(settings: Settings, path: Path, folder: Path) -> float:
    shop = compose(settings)
    answers = shop.context.container
    targets = Targets(
        answers.get(Identity), answers.get(Catalog), answers.get(Orders), answers.get(Inventory)
    )
    began = time.perf_counter()
    await import_online_retail(path, targets, report_dir=folder, clock=SystemClock())
    seconds = time.perf_counter() - began
    await shop.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=100_000, help="of the made-up file")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {"copy": [], "import": [], "again": []}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        real = Path(os.environ.get("BODEGA_TEST_DATA") or BESIDE) / REAL
        found = options.file or (real if real.exists() else made_up(folder, options.rows))
        opened = gzip.open if found.suffix == ".gz" else open
        with opened(found, "rt", newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        with (
            migrated_settings(folder / "servers") as settings,
            psycopg.connect(settings.dsn, autocommit=True) as connection,
        ):
            for _ in range(options.rounds):
                seconds["copy"].append(plain_copy(settings.dsn, rows))
                seconds["import"].append(asyncio.run(load(settings, found, folder)))
                seconds["again"].append(asyncio.run(load(settings, found, folder)))
                empty_database(connection)
    print(f"{found.name}: {len(rows):,} rows, {options.rounds} rounds, medians")
    limit = statistics.median(seconds["copy"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(
            f"{name:>7}  {median:6.2f} s  {len(rows) / median:>9,.0f} rows/s"
            f"  {median / limit:6.2f} x copy"
        )


if __name__ == "__main__":
    main()

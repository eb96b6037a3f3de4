"""Change feed: rows a second from the write-ahead log into bronze, against reading it raw.

The same order lines are read three ways from the same log, each `--rounds` times in turn:

    raw      psycopg2's replication cursor, bytes only: the physical limit
    decoded  our reader: messages decoded and rendered as envelopes, kept nowhere
    bronze   the whole feed: decoded, appended to Delta, confirmed

    python benchmarks/change_feed.py --rows 200000 --rounds 3
"""

import argparse
import select
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import psycopg2
from psycopg2.extras import LogicalReplicationConnection

from bodega.backbone.changes.assembler import Assembler
from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.changes.feed import ChangeFeed
from bodega.backbone.changes.pgoutput import Commit
from bodega.backbone.changes.publication import ensure_publication
from bodega.backbone.changes.replication import ReplicationStream
from bodega.backbone.changes.slot import create_slot
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.data.ingest.bronze import BronzeSink
from bodega.data.lake.storage import LakeRoot

TABLE = "public.order_lines"
COLUMNS = (
    *("id", "order_id", "position", "kind", "product_id", "variant_id", "sku", "title"),
    *("quantity", "unit_price_amount", "total_amount", "currency"),
    *("occurred_at", "known_at", "ingested_at"),
)
CREATE = """
CREATE TABLE order_lines (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid DEFAULT gen_random_uuid(),
    position int, kind text DEFAULT 'product', product_id uuid DEFAULT gen_random_uuid(),
    variant_id uuid DEFAULT gen_random_uuid(), sku text, title text, quantity int DEFAULT 2,
    unit_price_amount bigint DEFAULT 1999, total_amount bigint DEFAULT 3998,
    currency char(3) DEFAULT 'GBP', occurred_at timestamptz DEFAULT now(),
    known_at timestamptz DEFAULT now(), ingested_at timestamptz DEFAULT now())
"""
FILL = """
INSERT INTO order_lines (position, sku, title)
SELECT i %% 9, '8' || i, 'WHITE HANGING HEART T-LIGHT HOLDER' FROM generate_series(1, %s) i
"""
TRANSACTION_ROWS = 1000
RAW, DECODED, BRONZE = "bench_raw", "bench_decoded", "bench_bronze"


def fill(dsn: str, rows: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for start in range(0, rows, TRANSACTION_ROWS):
            connection.execute(FILL, [min(TRANSACTION_ROWS, rows - start)])


def read_raw(dsn: str, rows: int) -> float:
    connection = psycopg2.connect(dsn, connection_factory=LogicalReplicationConnection)
    cursor = connection.cursor()
    options = {"proto_version": "1", "publication_names": RAW}
    cursor.start_replication(slot_name=RAW, options=options, decode=False)
    began, seen, last, reached = time.perf_counter(), 0, 0, 0
    while seen < rows or last != ord("C"):
        message = cursor.read_message()
        if message is None:
            select.select([cursor], [], [], 1.0)
            continue
        last, reached = message.payload[0], message.data_start
        seen += last == ord("I")
    seconds = time.perf_counter() - began
    cursor.send_feedback(flush_lsn=reached, force=True)  # type: ignore[no-untyped-call]
    connection.close()
    return seconds


def read_decoded(dsn: str, rows: int) -> float:
    assembler, seen = Assembler({TABLE: ("id",)}), 0
    with ReplicationStream(dsn, slot=DECODED, publication=RAW) as stream:
        began = time.perf_counter()
        while True:
            message = stream.read(1.0)
            if message is None:
                continue
            assembler.add(message)
            if isinstance(message, Commit):
                batch = assembler.take()
                seen += batch.rows
                if seen >= rows:
                    break
        seconds = time.perf_counter() - began
        stream.confirm(batch.end_lsn)
    return seconds


class BronzeRun:
    """The feed's slot stays; each round continues where the last one ended."""

    def __init__(self, dsn: str, lake: Path) -> None:
        self._dsn = dsn
        self._root = LakeRoot(lake)
        self(0)

    def __call__(self, rows: int) -> float:
        stop, done = threading.Event(), threading.Event()

        def landed(_position: int, _tables: frozenset[str]) -> None:
            if feed.status.rows >= rows and feed.status.state == "streaming":
                done.set()

        feed = ChangeFeed(
            self._dsn,
            {TABLE: COLUMNS},
            BronzeSink(self._root),
            slot=BRONZE,
            publication=BRONZE,
            listener=landed,
        )
        thread = threading.Thread(target=feed.run, args=(stop,))
        began = time.perf_counter()
        thread.start()
        while not done.wait(0.02) and not (rows == 0 and feed.status.state == "streaming"):
            pass
        seconds = time.perf_counter() - began
        stop.set()
        thread.join()
        return seconds


def measure(rows: int, rounds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres", password="bench") as server:
            dsn = server.url
            with sql_connection(dsn) as connection:
                connection.execute(CREATE)
                ensure_publication(connection, RAW, {TABLE: COLUMNS})
            create_slot(dsn, RAW)
            create_slot(dsn, DECODED)
            ways: dict[str, Callable[[int], float]] = {
                "raw": lambda count: read_raw(dsn, count),
                "decoded": lambda count: read_decoded(dsn, count),
                "bronze": BronzeRun(dsn, Path(folder) / "lake"),
            }
            rates: dict[str, list[float]] = {name: [] for name in ways}
            for number in range(rounds):
                fill(dsn, rows)
                for name, way in ways.items():
                    rates[name].append(rows / way(rows))
                    print(f"round {number + 1}  {name:8} {rates[name][-1]:>10,.0f} rows/s")
            return rates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000, help="rows a round")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured")
    options = parser.parse_args()
    rates = measure(options.rows, options.rounds)
    limit = statistics.median(rates["raw"])
    print(f"\nmedian of {options.rounds} rounds of {options.rows:,} rows")
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"  {name:8} {median:>10,.0f} rows/s  {median / limit:>5.0%} of raw")


if __name__ == "__main__":
    main()

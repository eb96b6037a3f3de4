"""One of several writers of a bronze table, in a process of its own; arguments: URI ROLE."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from bodega.data.ingest.bronze import SCHEMA
from bodega.data.lake.archive import take_out
from bodega.data.lake.delta import tidy, with_month
from bodega.data.lake.policy import BRONZE


def append(uri: str, role: str, first: int) -> int:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    for n in range(first, first + 15):
        row = {"key": str(n), "after": "{}", "unchanged": [], "ts_ms": n, "txid": n}
        row |= {"_source": "shop", "_position": n, "_sequence": 0, "_op": "c", "_ingested_at": at}
        until_done(
            lambda rows, n: write_deltalake(
                DeltaTable(uri),
                rows,
                mode="append",
                commit_properties=CommitProperties(app_transactions=[Transaction(role, n)]),
            ),
            with_month(pa.Table.from_pylist([row], schema=SCHEMA)),
            n,
        )
    return 15


def until_done(work: Callable[[pa.Table, int], None], rows: pa.Table, n: int) -> None:
    """As the feed does: what was in the way is looked at anew."""
    for _ in range(20):
        with suppress(CommitFailedError):
            return work(rows, n)
    raise AssertionError("always somebody in the way")


def compact(uri: str) -> int:
    for _ in range(4):
        tidy(DeltaTable(uri), BRONZE)
        time.sleep(0.02)
    return 4


def taken_out(uri: str) -> int:
    """As the archive does, round after round until nobody is in the way."""
    for _ in range(20):
        with suppress(CommitFailedError):
            take_out(DeltaTable(uri), "2026-05", 1)
            return 1
    return 0


def main(uri: str, role: str) -> None:
    work = {
        "append-a": lambda: append(uri, role, 1000),
        "append-b": lambda: append(uri, role, 2000),
        "compact": lambda: compact(uri),
        "take-out": lambda: taken_out(uri),
    }
    print(json.dumps({"done": work[role]()}))


if __name__ == "__main__":
    main(*sys.argv[1:])

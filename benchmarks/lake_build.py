"""What a refresh costs: the whole of gold, a look that finds nothing, and one sale on top; and the
models below a sale against dbt's own build of the same models.

    python -m benchmarks.lake_build [ORDERS] [--keep FOLDER]

CPU seconds of the process beside wall-clock seconds: the latter are noise on a busy machine.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa

from bodega.data.ingest.bronze import COMPLETE, SCHEMA
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.execute import build
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.refresh import Outcome, refresh
from bodega.data.pipelines.warehouse import Warehouse

START = datetime(2025, 1, 1, tzinfo=UTC)
PRODUCTS, CUSTOMERS, LINES = 500, 2000, 3
SOLD = ("shop__orders_orders", "shop__orders_order_lines")


class Bronze:
    """Writes changes as the feed does, a commit position for each call."""

    def __init__(self, lake: Path, position: int = 0) -> None:
        self._lake = lake
        self._position = position

    def write(self, **tables: list[dict[str, object]]) -> None:
        self._position += 10
        for name, rows in tables.items():
            self._append(name, rows)

    def _append(self, name: str, rows: list[dict[str, object]]) -> None:
        table = AppendOnlyTable(str(self._lake / "bronze" / f"shop__{name}"), SCHEMA)
        if not table.exists():
            table.create()
        now = datetime.now(UTC)
        lines = [
            {"key": json.dumps({"id": row["id"]}), "after": json.dumps(row), "unchanged": []}
            | {"ts_ms": int(now.timestamp() * 1000), "txid": 1, "_source": "shop", "_op": "c"}
            | {"_position": self._position, "_sequence": n, "_ingested_at": now}
            for n, row in enumerate(rows)
        ]
        table.append(pa.Table.from_pylist(lines, schema=SCHEMA), {COMPLETE: self._position})


def history(orders: int) -> dict[str, list[dict[str, object]]]:
    """Two years of orders of three lines each."""
    step = timedelta(days=700) / orders
    tables: dict[str, list[dict[str, object]]] = {
        "catalog_products": [
            {"id": f"p{n}", "slug": f"p-{n}", "title": f"Product {n}", "category": f"c{n % 12}"}
            | {"status": "active", **_times(START)}
            for n in range(PRODUCTS)
        ],
        "identity_users": [
            {"id": f"u{n}", "role": "customer", "status": "active", "country": "GB"} | _times(START)
            for n in range(CUSTOMERS)
        ],
        "orders_orders": [],
        "orders_order_lines": [],
    }
    for n in range(orders):
        order, lines = sale(n, START + n * step)
        tables["orders_orders"].append(order)
        tables["orders_order_lines"] += lines
    return tables


def sale(number: int, at: datetime) -> tuple[dict[str, object], list[dict[str, object]]]:
    stamps = _times(at)
    total = LINES * 1999
    order = {"id": f"o{number}", "number": number, "customer_id": f"u{number % CUSTOMERS}"}
    order |= {"country": ("GB", "DE", "FR")[number % 3], "status": "paid", "currency": "GBP"}
    order |= {"subtotal_amount": total, "total_amount": total}
    lines = [
        {"id": f"l{number}-{n}", "order_id": f"o{number}", "kind": "product", "quantity": 1}
        | {"product_id": f"p{(number * 7 + n) % PRODUCTS}", "total_amount": 1999}
        | {"currency": "GBP", **stamps}
        for n in range(LINES)
    ]
    return {**order, **stamps}, lines


def _times(at: datetime) -> dict[str, object]:
    return dict.fromkeys(("occurred_at", "known_at", "ingested_at"), at.isoformat())


def _measured(what: str, work: Callable[[], Outcome]) -> None:
    cpu, clock = time.process_time(), time.monotonic()
    outcome = work()
    assert not outcome.failures, outcome.failures
    print(
        f"{what:24} {time.monotonic() - clock:7.2f} s {time.process_time() - cpu:7.2f} s CPU  "
        f"{outcome.state}, {len(outcome.written)} tables written",
        flush=True,
    )


def _against_dbt(project: Project, plan: Plan, warehouse: Warehouse) -> None:
    """Medians of five, each in turn, over what the last sale left."""
    names = [node.name for node in plan.below(SOLD) if node.materialized != "view"]
    arguments = ("build", "--indirect-selection", "empty", "--select", *names)
    ours, theirs = [], []
    project.run(*arguments)
    for _ in range(5):
        with warehouse.open() as con:
            ours.append(_cpu(partial(build, con, plan, SOLD)))
        theirs.append(_cpu(lambda: project.run(*arguments)))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    print(
        f"{len(names)} models and tests      by the plan {mine:.2f} s CPU, by dbt {peer:.2f} s CPU:"
        f" x{mine / peer:.2f}"
    )


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("orders", type=int, nargs="?", default=100_000)
    arguments.add_argument("--keep", type=Path, help="leave the lake in this folder")
    asked = arguments.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        lake = asked.keep or Path(scratch) / "lake"
        bronze = Bronze(lake)
        bronze.write(**history(asked.orders))
        warehouse = Warehouse(lake)
        project = Project(warehouse)
        plan = project.plan()
        print(f"{asked.orders:,} orders of {LINES} lines")
        _measured("all of gold", lambda: refresh(warehouse, plan, full=True))
        _measured("nothing new", lambda: refresh(warehouse, plan))
        for n in range(4):
            order, lines = sale(asked.orders + n, START + timedelta(days=700, minutes=n))
            bronze.write(orders_orders=[order], orders_order_lines=lines)
            what = "the first sale" if n == 0 else "one more sale"
            _measured(what, lambda: refresh(warehouse, plan))
        _against_dbt(project, plan, warehouse)


if __name__ == "__main__":
    main()

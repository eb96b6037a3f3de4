"""Ten million order lines: seeded into bronze, built to gold, refreshed after a sale, asked.

    python -m benchmarks.ten_million [--lines 10000000] [--keep FOLDER] [--memory-mb 4096]

Each step is a process of its own: wall clock, processor time and peak memory. The questions are the
ten that the console asks of metrics, each 20 times; `query p95` is over all of them.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
STEPS = ("seed", "build", "sale", "ask")
TIMES = 20
T = TypeVar("T")


def seed(folder: Path, lines: int, _memory: int) -> None:
    from bodega.data.ingest.seed.bulk import seed_bronze
    from bodega.data.ingest.seed.plan import SeedPlan
    from bodega.data.lake.storage import LakeRoot

    plan = SeedPlan(UNTIL, orders=max(1, lines // 2), days=730, products=5000)
    written = _measured(
        "seeded into bronze", lambda: seed_bronze(plan, LakeRoot(folder), lines=lines)
    )
    print(f"{'':28} {written:,} order lines")


def build(folder: Path, _lines: int, memory: int) -> None:
    _refreshed("bronze to gold, all of it", folder, memory)


def sale(folder: Path, lines: int, memory: int) -> None:
    from benchmarks.lake_build import Bronze
    from benchmarks.lake_build import sale as sold
    from bodega.data.lake.paths import FEED_STATE
    from bodega.data.lake.storage import LakeRoot

    root = LakeRoot(folder)
    fed = root.read_json(FEED_STATE)
    assert fed is not None
    position = fed["position"]
    order, rows = sold(10 * lines + position, UNTIL - timedelta(days=1))  # in a full month
    Bronze(folder, position).write(orders_orders=[order], orders_order_lines=rows)
    root.write_json(FEED_STATE, {"position": position + 10})
    _refreshed("one sale more", folder, memory)


def _refreshed(what: str, folder: Path, memory: int) -> None:
    from bodega.data.pipelines.dbt import Project
    from bodega.data.pipelines.refresh import refresh
    from bodega.data.pipelines.warehouse import Warehouse

    warehouse = Warehouse(folder, memory)
    plan = Project(warehouse).plan()
    outcome = _measured(what, lambda: refresh(warehouse, plan))
    assert not outcome.failures, outcome.failures


def ask(folder: Path, _lines: int, _memory: int) -> None:
    from bodega.data.lake.published import read_published
    from bodega.data.lake.query import open_gold

    spent: list[float] = []
    with open_gold(folder, read_published(folder), memory_mb=1024) as con:
        for name, sql, values in _questions():
            took = []
            for _ in range(TIMES):
                clock = time.perf_counter()
                con.execute(sql, values).fetchall()
                took.append(time.perf_counter() - clock)
            spent += took
            print(f"{'  ' + name:28} {_p95(took) * 1000:8.1f} ms p95")
    print(f"{'query p95':28} {_p95(spent) * 1000:8.1f} ms, of {len(spent)} questions")


def _questions() -> list[tuple[str, str, list[object]]]:
    from bodega.insight.semantic.model import metric
    from bodega.insight.semantic.question import Question

    until = date(2026, 10, 31)
    month = until - timedelta(days=29)
    asked = [
        (("orders", "units_sold", "gross_sales", "returned_sales", "net_sales"), ("day",), month),
        (("orders", "gross_sales", "net_sales"), (), until),
        (("net_sales",), ("day",), until - timedelta(days=364)),
        (("net_sales",), ("country",), month),
        (("net_sales",), ("product",), month),
        (("average_order_value",), ("month",), None),
        (("return_rate",), ("month",), None),
        (("buyers",), ("segment",), None),
        (("repeat_rate",), ("cohort",), None),
        (("customer_value",), ("country",), None),
    ]
    found = []
    for names, by, since in asked:
        question = Question(
            tuple(metric(name) for name in names), by, since, until if since else None, "GBP", 1000
        )
        sql, values = question.sql()
        found.append((f"{names[0]} by {'+'.join(by) or 'nothing'}", sql, list(values)))
    return found


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, int(len(seconds) * 0.95) - 1)]


def _peak_mb() -> float:
    """Since this program began; what getrusage tells is inherited from the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _measured(what: str, work: Callable[[], T]) -> T:
    cpu, clock = time.process_time(), time.monotonic()
    done = work()
    print(
        f"{what:28} {time.monotonic() - clock:8.1f} s {time.process_time() - cpu:8.1f} s CPU "
        f"{_peak_mb():8.0f} MB peak",
        flush=True,
    )
    return done


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--lines", type=int, default=10_000_000)
    arguments.add_argument("--memory-mb", type=int, default=4096)
    arguments.add_argument("--keep", type=Path, help="leave the lake in this folder")
    arguments.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.step:
        globals()[asked.step](asked.keep, asked.lines, asked.memory_mb)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch) / "lake"
        for step in STEPS:
            options = ("--keep", str(folder), "--lines", str(asked.lines))
            command = [sys.executable, "-m", "benchmarks.ten_million", "--step", step, *options]
            subprocess.run([*command, "--memory-mb", str(asked.memory_mb)], check=True)


if __name__ == "__main__":
    main()

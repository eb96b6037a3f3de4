"""Builds gold from a growing bronze, and a day of it anew, to be killed: LAKE STEPS.

Starts where the lake says.
"""

import sys
from datetime import date
from pathlib import Path

from bodega.data.lake.care import care
from bodega.data.lake.policy import BRONZE, GOLD
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import read_bronze
from bodega.data.pipelines.days import Days
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.refresh import refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.bronze import Source, order, order_line, product, user, variant


def sold(source: Source, step: int) -> None:
    """The same step always writes the same."""
    goods = {"product_id": f"p{step % 3}", "variant_id": f"v{step % 3}"}
    if step < 3:
        source.commit(user(f"u{step}"), product(f"p{step}"), variant(f"v{step}", f"p{step}"))
    source.commit(
        order(f"o{step}", number=step, total=250, customer_id=f"u{step % 3}"),
        order_line(f"l{step}", f"o{step}", **goods),
    )
    source.flush()


def main(folder: str, steps: str) -> None:
    root = LakeRoot(Path(folder))
    warehouse = Warehouse(root, memory_mb=512)
    plan = Project(warehouse).plan()
    print("begun", flush=True)
    log = Path(folder) / "steps"
    for step in range(int(log.read_text()) if log.exists() else 0, int(steps)):
        source = Source(Path(folder), position=1000 + step * 20)
        if read_bronze(root)["shop__orders_order_lines"].position <= source.position:
            sold(source, step)
        outcome = refresh(warehouse, plan)
        assert not outcome.failures, outcome.failures
        if step % 3 == 2:
            day = Days(first=date(2026, 2, 3), last=date(2026, 2, 3))
            outcome = refresh(warehouse, plan, days=day)
            assert not outcome.failures, outcome.failures
        if step % 5 == 4:
            care(root, {"bronze": BRONZE, "gold": GOLD}, bronze_files=True)
        log.write_text(str(step + 1))
    refresh(warehouse, plan)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

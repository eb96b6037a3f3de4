"""kill -9 at random moments of loads, builds, backfills, upkeep, publishing: gold ends the same."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bodega.data.lake.published import read_published
from bodega.data.lake.query import query

KILLS = int(os.environ.get("BODEGA_SOAK_KILLS", "50"))
STEPS = 20
SUMS = """
select (select count(*) from gold.fct_orders), (select count(*) from gold.fct_order_lines),
    (select coalesce(sum(net_amount), 0) from gold.mart_daily_sales)
"""


def start(lake: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.data.pipelines.builder", str(lake), str(STEPS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def prints(lake: Path) -> dict[str, dict[str, str]]:
    return {name: table.prints for name, table in read_published(lake).tables.items()}


@pytest.mark.soak
def test_gold_is_the_same_whoever_was_killed_on_the_way(tmp_path: Path) -> None:
    chance, lake = random.Random(11), tmp_path / "killed"
    for _ in range(KILLS):
        victim = start(lake)
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(chance.uniform(0.0, 5.0))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
        if read_published(lake).tables:
            orders, lines, money = query(lake, SUMS).rows[0]
            assert orders == lines, "half a transaction is published"
            assert money == 250 * lines
    for folder in (lake, tmp_path / "alone"):
        done = start(folder)
        assert done.communicate(timeout=900)[0].split()[-1] == "done"
    assert prints(lake) == prints(tmp_path / "alone")

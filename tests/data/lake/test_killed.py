"""kill -9 at random moments: no row of bronze is doubled or lost, no reader sees half a set."""

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
from bodega.data.lake.storage import LakeRoot

KILLS, STEPS = (50, 60) if os.environ.get("BODEGA_SOAK") else (2, 15)


def start(lake: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.data.lake.victim", str(lake), str(STEPS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def whole(lake: Path) -> None:
    """What readers see is one set: both tables tell of the same step."""
    if read_published(lake).tables:
        steps = query(lake, "select (select max(step) from gold.a), (select max(step) from gold.b)")
        assert len(set(steps.rows[0])) == 1


@pytest.mark.parametrize("seed", [7])
def test_a_writer_killed_again_and_again_ends_where_one_left_alone_does(
    tmp_path: Path, seed: int
) -> None:
    """It appends to bronze, joins files, archives months and publishes; after every kill it is
    started again and goes on."""
    chance, lake = random.Random(seed), tmp_path / "killed"
    for _ in range(KILLS):
        victim = start(lake)
        assert victim.stdout is not None
        victim.stdout.readline()  # it has begun
        time.sleep(chance.uniform(0.0, 0.6))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
        whole(lake)
    for folder in (lake, tmp_path / "alone"):
        done = start(folder)
        assert done.communicate(timeout=300)[0].split()[-1] == "done"
    assert seen(lake) == seen(tmp_path / "alone")


def seen(lake: Path) -> tuple[object, ...]:
    from tests.data.lake.victim import positions

    published = read_published(lake)
    prints = {name: table.prints for name, table in published.tables.items()}
    return positions(LakeRoot(lake)), prints, published.position

"""Giving way counts against other sessions too, where Linux shares the processor out by session."""

import subprocess
import sys
from pathlib import Path

import pytest

AUTOGROUP = Path("/proc/self/autogroup")
GIVES_WAY = """
import os
from pathlib import Path
from bodega.backbone.priority import give_way
give_way(7)
print(os.nice(0), Path("/proc/self/autogroup").read_text().split()[-1])
"""


def niceness(*command: str) -> list[str]:
    """Of the process, and of its session; `command` leads one of its own."""
    started = subprocess.run(
        command, start_new_session=True, capture_output=True, text=True, check=True
    )
    return started.stdout.split()


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="the processor is not shared out by session")
def test_a_leader_gives_its_whole_session_way() -> None:
    assert niceness(sys.executable, "-c", GIVES_WAY) == ["7", "7"]


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="the processor is not shared out by session")
def test_a_process_in_the_session_of_another_leaves_that_alone() -> None:
    leader = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)"

    assert niceness(sys.executable, "-c", leader, sys.executable, "-c", GIVES_WAY) == ["7", "0"]

"""One supervisor a folder; a pid file speaks only for the very process that wrote it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bodega.apps.supervise.errors import AlreadyRunning
from bodega.apps.supervise.lock import RunLock, running, started_ticks


def test_the_holder_is_known_until_it_lets_go(tmp_path: Path) -> None:
    lock = RunLock(tmp_path / "pid")
    assert running(tmp_path / "pid") is None
    lock.take()
    assert running(tmp_path / "pid") == os.getpid()
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        RunLock(tmp_path / "pid").take()
    lock.release()
    assert running(tmp_path / "pid") is None
    lock.take()
    lock.release()


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}, {"pid": 2**22 + 1}])
def test_a_number_used_again_is_somebody_else(tmp_path: Path, change: dict[str, object]) -> None:
    lock = RunLock(tmp_path / "pid")
    lock.take()
    noted = json.loads((tmp_path / "pid").read_text())
    (tmp_path / "pid").write_text(json.dumps(noted | change))
    assert running(tmp_path / "pid") is None
    lock.release()


@pytest.mark.parametrize("content", ["", "17", "{}", "nonsense"])
def test_a_spoilt_file_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert running(tmp_path / "pid") is None


def test_a_dead_child_that_nobody_buried_is_dead() -> None:
    child = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(OSError, match=str(child.pid)):
        started_ticks(child.pid)
    child.wait()

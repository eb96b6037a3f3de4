"""Children obey, report their words, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bodega.backbone.embedded.process import (
    ChildProcess,
    RunAs,
    end_leftovers,
    launcher,
    processes_in,
)

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, time
print(subprocess.Popen(['sleep', '60']).pid, flush=True)
time.sleep(60)
"""


def child(place: Path, code: str, **options: object) -> ChildProcess:
    command = [sys.executable, "-c", code]
    return ChildProcess("child", command, place / "child.log", **options)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_child_that_obeys_is_stopped_politely(place: Path) -> None:
    sleeper = child(place, "import time; print('up', flush=True); time.sleep(60)")
    sleeper.start()
    assert eventually(lambda: "up" in sleeper.words())  # before, it may ignore what we ignore
    assert sleeper.running
    assert sleeper.exit_code is None
    assert sleeper.stop(grace_seconds=10)
    assert sleeper.exit_code == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_a_child_of_one_who_ignores_a_signal_obeys_it(place: Path, number: signal.Signals) -> None:
    sleeper = child(
        place, "import time; print('up', flush=True); time.sleep(60)", stop_signal=number
    )
    before = signal.signal(number, signal.SIG_IGN)
    try:
        sleeper.start()
    finally:
        signal.signal(number, before)
    assert eventually(lambda: "up" in sleeper.words())
    assert sleeper.stop(grace_seconds=10)


def test_a_deaf_child_is_killed_after_its_grace(place: Path) -> None:
    deaf = child(place, STUBBORN)
    deaf.start()
    assert eventually(lambda: "deaf" in deaf.words())
    assert not deaf.stop(grace_seconds=0.2)
    assert deaf.exit_code == -signal.SIGKILL


def test_what_a_child_started_goes_with_it(place: Path) -> None:
    parent = child(place, PARENT)
    parent.start()
    assert eventually(lambda: parent.words().endswith("\n"))
    grandchild = int(parent.words())
    parent.stop()
    assert eventually(lambda: gone(grandchild))


def test_words_are_those_since_the_latest_start(place: Path) -> None:
    speaker = child(place, "print('hello')")
    for _ in range(2):
        speaker.start()
        assert speaker.wait(10)
        assert speaker.words() == "hello\n"
    assert speaker.log.read_text() == "hello\n" * 2


def test_a_child_that_was_never_started_is_easy_to_stop(place: Path) -> None:
    idle = child(place, "")
    assert idle.stop()
    assert idle.pid is None
    assert not idle.running


def test_a_program_that_does_not_exist_ends_with_127_and_says_so(place: Path) -> None:
    lost = ChildProcess("lost", ["/no/such/program"], place / "lost.log")
    lost.start()
    lost.wait(10)
    assert lost.exit_code == 127
    assert "/no/such/program" in lost.words()


def test_a_child_runs_as_somebody_unprivileged(place: Path, run_as: RunAs) -> None:
    teller = ChildProcess("teller", ["/usr/bin/id", "-u"], place / "log", run_as=run_as)
    teller.start()
    teller.wait(10)
    expected = "65534" if os.geteuid() == 0 else str(os.geteuid())
    assert teller.words().strip() == expected


def test_a_child_dies_with_a_parent_that_is_killed(place: Path, run_as: RunAs) -> None:
    code = (
        "import subprocess,sys,time\n"
        "from bodega.backbone.embedded.process import launcher, RunAs\n"
        f"child = subprocess.Popen(launcher(['/bin/sleep', '60'], run_as=RunAs('{run_as}')))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        pid = int(parent.stdout.readline())
    assert eventually(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    parent.kill()
    parent.wait()
    assert eventually(lambda: gone(pid))


def test_a_child_whose_parent_is_gone_already_does_not_start() -> None:
    command = launcher(["/bin/echo", "started"])
    command[command.index(str(os.getpid()))] = "1"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("ignored", ["HUP", "QUIT"])
def test_leftovers_are_found_by_their_folder_and_ended(place: Path, ignored: str) -> None:
    script = f"trap '' {ignored}; read line"
    left = subprocess.Popen(["/bin/sh", "-c", script], cwd=place, stdin=subprocess.PIPE)
    other = subprocess.Popen(["/bin/cat"], cwd=place, stdin=subprocess.PIPE)
    assert eventually(lambda: left.pid in processes_in(place, program="sh"))
    end_leftovers(place, program="sh", grace_seconds=0.3)
    assert gone(left.pid)
    assert other.poll() is None
    left.communicate()
    other.communicate()

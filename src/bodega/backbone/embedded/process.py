"""A child process that never outlives us: kernel parent-death signal, own group, own log file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from bodega.backbone.embedded import launch

_PATIENCE = 0.02


class RunAs(StrEnum):
    """Who a child is: we, `nobody` inside a user namespace, or the real `nobody`."""

    OURSELVES = "self"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


@cache
def unprivileged() -> RunAs:
    """The least intrusive way this host allows to run a program that refuses root."""
    if os.geteuid() != 0:
        return RunAs.OURSELVES
    probe = launcher(["/bin/true"], run_as=RunAs.NAMESPACE)
    done = subprocess.run(probe, capture_output=True, check=False)
    return RunAs.NAMESPACE if done.returncode == 0 else RunAs.NOBODY


def launcher(
    command: Sequence[str],
    *,
    run_as: RunAs = RunAs.OURSELVES,
    orphan_signal: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """`command` wrapped so that it dies with this process and runs as `run_as`."""
    bare_python = [sys.executable, "-I", "-S", launch.__file__]
    return [
        *bare_python,
        str(os.getpid()),
        str(int(orphan_signal)),
        run_as.value,
        *command,
    ]


@dataclass
class ChildProcess:
    """Start from a thread that lives as long as the process (see `launch.die_with_parent`)."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    folder: Path | None = None
    run_as: RunAs = RunAs.OURSELVES
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _log_start: int = field(default=0, init=False, repr=False)

    def start(self) -> None:
        """Start, and first end what an earlier run left in its group."""
        self.kill()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                launcher(self.command, run_as=self.run_as, orphan_signal=self.orphan_signal),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=None if self.env is None else dict(self.env),
                cwd=self.folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while running; negative is the signal that ended it."""
        return self._process.poll() if self._process else None

    def words(self, limit: int = 20_000) -> str:
        """What the child has logged since its latest start."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, size - limit))
            return log.read().decode(errors="replace")

    def wait(self, seconds: float) -> bool:
        """True once it has ended, False if it still runs after `seconds`."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ask_to_stop(self) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(self.stop_signal)

    def stop(self, *, grace_seconds: float = 10) -> bool:
        """Ask, wait, then kill whatever is left of its group; False if it had to be killed."""
        self.ask_to_stop()
        polite = self.wait(grace_seconds)
        self.kill()
        return polite

    def kill(self) -> None:
        """End the child and all that it started in its own group, at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def processes_in(folder: Path, *, program: str) -> Iterator[int]:
    """Ids of the `program`s that work in `folder`: how a server's leftovers are recognised."""
    wanted = str(folder.resolve())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _works_in(entry, wanted, program):
            yield int(entry.name)


def _works_in(entry: Path, folder: str, program: str) -> bool:
    try:
        return (
            str((entry / "cwd").readlink()) == folder
            and (entry / "comm").read_text().strip() == program
        )
    except OSError:
        return False


def end_leftovers(folder: Path, *, program: str, grace_seconds: float = 5) -> None:
    """End servers that a killed parent left in `folder`; the caller holds the folder's lock."""
    for signal_number in (None, signal.SIGQUIT, signal.SIGKILL):
        left = set(processes_in(folder, program=program))
        if signal_number is not None:
            for pid in left:
                _signal(pid, signal_number)
        if _gone(left, folder, program, time.monotonic() + grace_seconds):
            return


def _gone(left: set[int], folder: Path, program: str, deadline: float) -> bool:
    """Whether they all go before the deadline; only theirs of all processes are looked at."""
    wanted = str(folder.resolve())
    while left := {pid for pid in left if _works_in(Path(f"/proc/{pid}"), wanted, program)}:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PATIENCE)
    return not any(processes_in(folder, program=program))


def _signal(pid: int, signal_number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal_number)

"""One supervisor a data directory: a lock that dies with us, and a pid file for the others."""

import fcntl
import json
import os
from pathlib import Path

from bodega.apps.supervise.errors import AlreadyRunning

_START_TIME = 19  # field 22 of /proc/PID/stat, counted after the name's closing parenthesis
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class RunLock:
    """Held from `take` until `release` or our death, however it comes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def take(self) -> None:
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunning(pid=running(self._file), folder=self._file.parent) from None
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(_identity(os.getpid())).encode())

    @property
    def held(self) -> bool:
        """Whether the file is still there and still the one we locked."""
        try:
            return self._descriptor is not None and os.path.samestat(
                os.fstat(self._descriptor), self._file.stat()
            )
        except FileNotFoundError:
            return False

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def running(file: Path) -> int | None:
    """The pid in `file` if that very process still lives; a number used again is not it."""
    try:
        noted = json.loads(file.read_text())
        pid = int(noted["pid"])
        return pid if noted == _identity(pid) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _identity(pid: int) -> dict[str, object]:
    return {"pid": pid, "started": started_ticks(pid), "boot": _BOOT_ID.read_text().strip()}


def started_ticks(pid: int) -> int:
    """When a living process started, in clock ticks since boot. OSError when there is none."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    if fields[0] == "Z":
        raise ProcessLookupError(pid)
    return int(fields[_START_TIME])

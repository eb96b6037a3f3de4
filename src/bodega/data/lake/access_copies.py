"""The records of several machines that share a lake: `access/<machine>/<UTC day>.jsonl` in it.

Each machine writes its own record on its own disk, so that no read waits for an object store, and
copies it into the lake. A copy is only ever replaced by one that begins alike: a record that was
rewritten as a whole, hashes and all, differs from its copy and is found.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.storage import LakeRoot

FOLDER = "access"
EVERY_SECONDS = 60.0
_MACHINE, _TRIED, _SENT = ".machine", ".tried", ".sent"
log = get_logger(__name__)


class Copy(NamedTuple):
    """The lines of one day of one machine, whole ones only."""

    machine: str
    day: str
    content: bytes


class Copies:
    """Of the record in `folder`, which lies on this machine's disk, and of the others'."""

    def __init__(self, root: LakeRoot, folder: Path) -> None:
        self._root, self._folder = root, folder
        self.shared = Path(str(root)) != root.work

    @cached_property
    def machine(self) -> str:
        """Told once and kept: a machine that is renamed goes on with its record."""
        path = self._folder / _MACHINE
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            host = "".join(c for c in socket.gethostname().lower() if c.isalnum() or c == "-")
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = self._folder / f"{_MACHINE}.{os.getpid()}.{secrets.token_hex(4)}"
            fresh.write_text(f"{host[:40] or 'machine'}-{secrets.token_hex(4)}\n")
            try:
                os.link(fresh, path)  # whoever is first names it
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
            return path.read_text().strip()

    def send(self, days: Sequence[Path], *, now: bool = False) -> bool:
        """Copy what is new, at most once a minute a machine; whether the lake has all of it. An
        object store that is away costs nothing: the next time sends it."""
        if not self.shared or not days or not (now or _age(self._folder / _TRIED) >= EVERY_SECONDS):
            return not self.shared
        began = time.time()
        (self._folder / _TRIED).touch()
        try:
            for path in days:
                if path.stat().st_mtime >= _stamp(self._folder / _SENT):
                    self._send(path)
        except (LakeUnavailable, OSError) as error:
            log.warning("reads_not_copied", reason=str(error))
            return False
        (self._folder / _SENT).touch()
        os.utime(self._folder / _SENT, (began, began))
        return True

    def others(self) -> Iterator[Copy]:
        """What other machines have told. Raises LakeUnavailable."""
        if self.shared:
            for machine in self._names(FOLDER):
                if machine != self.machine:
                    yield from self._copies(machine)

    def differing(self, days: Iterable[Path]) -> list[str]:
        """Days of this machine whose copy is not how its record begins. Raises LakeUnavailable."""
        if not self.shared:
            return []
        ours = {path.stem: path.read_bytes() for path in days}
        return [
            copy.day
            for copy in self._copies(self.machine)
            if not ours.get(copy.day, b"").startswith(copy.content)
        ]

    def forget(self, before: str) -> None:
        """Days older than `before` go, of whichever machine."""
        if not self.shared:
            return
        try:
            for machine in self._names(FOLDER):
                for name in self._names(f"{FOLDER}/{machine}"):
                    if Path(name).stem < before:
                        self._root.remove(f"{FOLDER}/{machine}/{name}")
        except (LakeUnavailable, OSError) as error:
            log.warning("reads_not_forgotten", reason=str(error))

    def _copies(self, machine: str) -> Iterator[Copy]:
        for name in self._names(f"{FOLDER}/{machine}"):
            text = self._root.read_text(f"{FOLDER}/{machine}/{name}")
            if text is not None:
                whole = text.encode().rpartition(b"\n")[0]
                yield Copy(machine, Path(name).stem, whole + b"\n" if whole else b"")

    def _names(self, path: str) -> list[str]:
        try:
            return self._root.names(path)
        except OSError as error:
            raise LakeUnavailable(self._root.uri(path), error) from error

    def _send(self, path: Path) -> None:
        there = f"{FOLDER}/{self.machine}/{path.name}"
        content = path.read_bytes()
        known = (self._root.read_text(there) or "").encode()
        if not content.startswith(known):
            log.error("reads_differ_from_copy", day=path.stem)  # `check` says so, too
            return
        if len(content) > len(known):
            self._root.write_text(there, content.decode(errors="surrogateescape"))


def _stamp(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _age(path: Path) -> float:
    return time.time() - _stamp(path)

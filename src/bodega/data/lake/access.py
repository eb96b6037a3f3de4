"""Who read which table of the lake, when: kept by the reading itself, in lines that are only added.

`access/<UTC day>.jsonl` in the lake's work folder. Each line holds the hash of the one before it,
over the ends of days, so that a line changed or taken out is found (`check`). Reads of personal
columns are on disk before a row is handed out, and refused when they cannot be; others are written
in batches.
"""

import fcntl
import hashlib
import json
import os
import pwd
import threading
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from bodega.backbone.telemetry.context import bound_correlation_id, current_actor
from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.errors import AccessUnrecorded
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.kernel.clock import Clock, SystemClock, rfc3339

FOLDER = "access"
FLUSH = timedelta(seconds=5)
FIRST = "0" * 64
_BLOCK = 65_536
log = get_logger(__name__)


class Read(BaseModel):
    """One read, or `times` alike within a batch. `personal` are columns with personal values;
    `rows` were handed out, null where nobody counted; `via` is the door."""

    at: datetime
    who: str
    via: str
    tables: list[str]
    personal: list[str] = []
    rows: int | None = None
    purpose: str = ""
    times: int = 1
    request: str | None = None


class Broken(NamedTuple):
    """Where the chain of lines does not hold."""

    day: str
    line: int
    reason: str


def reader() -> str:
    """Who is reading: whom the shop's own process names, else the account this process runs as,
    which is not asked of the environment."""
    if actor := current_actor():
        return actor
    try:
        return f"os:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"os:{os.getuid()}"


class AccessLog:
    """Reads of one lake by this process; safe to use from threads, beside other processes."""

    def __init__(self, lake: Place, clock: Clock | None = None) -> None:
        root: LakeRoot = at(lake)
        self._folder = root.work / FOLDER
        self._clock = clock or SystemClock()
        self._waiting: Counter[tuple[str, str, tuple[str, ...], str]] = Counter()
        self._rows: Counter[tuple[str, str, tuple[str, ...], str]] = Counter()
        self._guard = threading.Lock()
        self._flushed = self._clock.now()

    def note(
        self,
        via: str,
        *,
        tables: Iterable[str],
        personal: Iterable[str] = (),
        rows: int | None = None,
        purpose: str = "",
        who: str | None = None,
    ) -> None:
        """Write it down now. Raises AccessUnrecorded."""
        read = Read(
            at=self._clock.now(),
            who=who or reader(),
            via=via,
            tables=sorted(set(tables)),
            personal=sorted(set(personal)),
            rows=rows,
            purpose=purpose,
            request=bound_correlation_id(),
        )
        try:
            self._append([read])
        except OSError as error:
            raise AccessUnrecorded(error) from error

    def add(
        self, via: str, *, tables: Iterable[str], rows: int | None = None, purpose: str = ""
    ) -> None:
        """A read without personal columns: written with the next batch, those alike as one."""
        key = (reader(), via, tuple(sorted(set(tables))), purpose)
        with self._guard:
            self._waiting[key] += 1
            if rows is not None:
                self._rows[key] += rows

    def flush(self, *, now: bool = False) -> int:
        """Write the batch, at most every few seconds; how many lines. A full disk costs nothing but
        these lines, which are told in the log."""
        if not now and self._clock.now() - self._flushed < FLUSH:
            return 0
        with self._guard:
            self._flushed = self._clock.now()
            waiting, rows = self._waiting, self._rows
            self._waiting, self._rows = Counter(), Counter()
        reads = [
            Read(
                at=self._flushed,
                who=key[0],
                via=key[1],
                tables=list(key[2]),
                purpose=key[3],
                rows=rows.get(key),
                times=times,
            )
            for key, times in waiting.items()
        ]
        try:
            self._append(reads)
        except OSError as error:
            log.error("reads_unrecorded", count=len(reads), reason=str(error))
            return 0
        return len(reads)

    def reads(
        self,
        *,
        since: datetime | None = None,
        who: str | None = None,
        table: str | None = None,
        personal: bool = False,
        limit: int = 200,
    ) -> list[Read]:
        """The newest first; `table` and `who` may be parts of a name."""
        found: list[Read] = []
        for path in reversed(self._days()):
            if since is not None and path.stem < f"{since.astimezone(UTC):%Y-%m-%d}":
                break
            for line in reversed(path.read_bytes().splitlines()):
                read = _read(line)
                if read is None:
                    continue
                if since is not None and read.at < since:
                    continue
                if personal and not read.personal:
                    continue
                if who and who not in read.who:
                    continue
                if table and not any(table in one for one in read.tables):
                    continue
                found.append(read)
                if len(found) >= limit:
                    return found
        return found

    def check(self) -> list[Broken]:
        """Lines that were changed, added by hand or taken out; none in a log that is whole."""
        broken: list[Broken] = []
        before: str | None = None
        for path in self._days():
            for number, line in enumerate(path.read_bytes().splitlines(), start=1):
                try:
                    said = json.loads(line).get("prev")
                except (json.JSONDecodeError, AttributeError):
                    said = None
                if said is None:
                    broken.append(Broken(path.stem, number, "it is no entry"))
                elif before is not None and said != before:
                    broken.append(Broken(path.stem, number, "what stood before it was changed"))
                before = _hash(line)
        return broken

    def tidy(self, *, keep_days: int) -> int:
        """Whole days that are no longer kept go; how many."""
        oldest = (self._clock.now() - timedelta(days=keep_days)).date().isoformat()
        gone = [path for path in self._days() if path.stem < oldest]
        for path in gone:
            path.unlink()
        return len(gone)

    def _days(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.jsonl") if _is_day(path.stem))

    def _append(self, reads: list[Read]) -> None:
        """All lines or, after a crash, the first of them; one writer at a time."""
        if not reads:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._last()
            lines: list[bytes] = []
            for read in reads:
                told = read.model_dump(mode="json", exclude_defaults=True)
                told |= {"at": rfc3339(read.at), "prev": before}
                lines.append(json.dumps(told, sort_keys=True).encode())
                before = _hash(lines[-1])
            path = self._folder / f"{self._clock.now():%Y-%m-%d}.jsonl"
            whole = not path.exists() or path.read_bytes()[-1:] in (b"\n", b"")
            with path.open("ab") as file:
                file.write((b"" if whole else b"\n") + b"\n".join(lines) + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def _last(self) -> str:
        """The hash of the newest line of all days."""
        for path in reversed(self._days()):
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _BLOCK))
                lines = file.read().splitlines()
            if lines:
                return _hash(lines[-1])
        return FIRST


def _read(line: bytes) -> Read | None:
    """None for a line that a crash cut short, or that was spoilt: `check` tells of it."""
    try:
        return Read.model_validate_json(line)
    except ValidationError:
        return None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

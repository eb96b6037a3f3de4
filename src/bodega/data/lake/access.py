"""Who read which table of the lake, when: kept by the reading itself, in lines that are only added.

`access/<UTC day>.jsonl` in the lake's work folder. Each line holds the hash of the one before it,
over the ends of days, so that a line changed or taken out is found (`check`). Reads of personal
columns are on disk before a row is handed out, and refused when they cannot be; others are written
in batches. Where the lake lies elsewhere than on this machine, the lines are copied into it, and
those of other machines are read there (`access_copies`).
"""

import fcntl
import hashlib
import json
import os
import pwd
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from bodega.backbone.telemetry.context import bound_correlation_id, current_actor
from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.access_copies import FOLDER, Copies
from bodega.data.lake.errors import AccessUnrecorded
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.kernel.clock import Clock, SystemClock, rfc3339

NOT_THE_COPY = "it differs from its copy in the lake"
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
    machine: str = ""


class Broken(NamedTuple):
    """Where the chain of lines does not hold."""

    day: str
    line: int
    reason: str
    machine: str = ""  # another one than this


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
        self._copies = Copies(root, self._folder)
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

    def share(self, *, now: bool = False) -> bool:
        """Copy what is new into a lake that other machines read, at most once a minute; whether it
        has all of it. Never raises: a store that is away gets it the next time."""
        return self._copies.send(self._days(), now=now)

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
        self.share()
        return len(reads)

    def reads(
        self,
        *,
        since: datetime | None = None,
        who: str | None = None,
        table: str | None = None,
        personal: bool = False,
        limit: int = 200,
        here: bool = False,
    ) -> list[Read]:
        """The newest first, of all machines; `table` and `who` may be parts of a name. Raises
        LakeUnavailable where those of other machines cannot be read: `here` leaves them out."""
        days = [(path.stem, "", path.read_bytes) for path in self._days()]
        if not here:
            days += [(c.day, c.machine, partial(bytes, c.content)) for c in self._copies.others()]
        first = "" if since is None else f"{since.astimezone(UTC):%Y-%m-%d}"
        found: list[Read] = []
        for _, same_day in groupby(sorted(days, reverse=True, key=_day), key=_day):
            reads = [
                read.model_copy(update={"machine": machine}) if machine else read
                for day, machine, content in same_day
                if day >= first
                for line in reversed(content().splitlines())
                if (read := _read(line)) is not None
                if since is None or read.at >= since
                if not personal or read.personal
                if not who or who in read.who
                if not table or any(table in one for one in read.tables)
            ]
            found += sorted(reads, key=lambda read: read.at, reverse=True)
            if len(found) >= limit:
                break
        return found[:limit]

    def check(self, *, here: bool = False) -> list[Broken]:
        """Lines that were changed, added by hand or taken out, of every machine, and days that are
        not how their copy says; none in a record that is whole. Raises LakeUnavailable, except
        `here`: this machine's lines only."""
        broken = list(_broken((path.stem, path.read_bytes()) for path in self._days()))
        if here:
            return broken
        broken += [Broken(day, 0, NOT_THE_COPY) for day in self._copies.differing(self._days())]
        for machine, copies in groupby(self._copies.others(), key=lambda copy: copy.machine):
            found = _broken((copy.day, copy.content) for copy in copies)
            broken += [one._replace(machine=machine) for one in found]
        return broken

    def tidy(self, *, keep_days: int) -> int:
        """Whole days that are no longer kept go; how many."""
        oldest = (self._clock.now() - timedelta(days=keep_days)).date().isoformat()
        gone = [path for path in self._days() if path.stem < oldest]
        for path in gone:
            path.unlink()
        self._copies.forget(oldest)
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
            whole = not path.exists() or _end(path, 1)[0] in (b"\n", b"")
            with path.open("ab") as file:
                file.write((b"" if whole else b"\n") + b"\n".join(lines) + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def _last(self) -> str:
        """The hash of the newest line of all days."""
        for path in reversed(self._days()):
            line = _last_line(path)
            if line:
                return _hash(line)
        return FIRST


def _last_line(path: Path) -> bytes:
    """Whole, however long it is; nothing of an empty file."""
    size = _BLOCK
    while True:
        end, all_of_it = _end(path, size)
        lines = end.splitlines()
        if len(lines) > 1 or all_of_it:
            return lines[-1] if lines else b""
        size *= 4


def _end(path: Path, size: int) -> tuple[bytes, bool]:
    """The last `size` bytes of a file, and whether there are no others."""
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - size)
        file.seek(start)
        return file.read(), start == 0


def _day(record: tuple[str, str, Callable[[], bytes]]) -> str:
    return record[0]


def _broken(days: Iterable[tuple[str, bytes]]) -> Iterator[Broken]:
    """Of one machine's days, in order."""
    before: str | None = None
    for day, content in days:
        for number, line in enumerate(content.splitlines(), start=1):
            try:
                said = json.loads(line).get("prev")
            except (json.JSONDecodeError, AttributeError):
                said = None
            if said is None:
                yield Broken(day, number, "it is no entry")
            elif before is not None and said != before:
                yield Broken(day, number, "what stood before it was changed")
            before = _hash(line)


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

"""Log files as people read them: followed, merged, one coloured prefix a process, rotated."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.text import Text

ROTATE_BYTES = 20 * 1024 * 1024
_COLOURS = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_magenta")
_LEVEL_STYLES = {"warning": "yellow", "error": "red", "critical": "bold red"}
_SAID_ELSEWHERE = {"event", "level", "timestamp", "process", "logger", "correlation_id"}
_SERVERS_ALARMS = ("WARNING", "ERROR", "FATAL", "PANIC", " # ")


@dataclass(frozen=True)
class LogLine:
    """One line of one process, understood as far as possible."""

    process: str
    raw: str
    entry: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, process: str, raw: str) -> "LogLine":
        try:
            entry = json.loads(raw) if raw.startswith("{") else {}
        except ValueError:
            entry = {}
        return cls(process, raw, entry if isinstance(entry, dict) else {})

    @property
    def timestamp(self) -> str:
        """RFC 3339 where known, so that it sorts; else empty."""
        return str(self.entry.get("timestamp", ""))

    @property
    def level(self) -> str:
        return str(self.entry.get("level", "info")).lower()

    @property
    def worth_showing(self) -> bool:
        """Everything of ours but debug; of the servers, what sounds like trouble."""
        if self.process in ("postgres", "valkey"):
            return any(alarm in self.raw for alarm in _SERVERS_ALARMS)
        return self.level != "debug" and bool(self.raw.strip())

    def pretty(self) -> Text:
        text = Text(no_wrap=False)
        text.append(f"{self.timestamp[11:19] or ' ' * 8} ", style="dim")
        text.append(f"{self.process:<10} ", style=_colour(self.process))
        style = _LEVEL_STYLES.get(self.level, "")
        text.append(str(self.entry.get("event", self.raw)), style=style)
        for name, value in self.entry.items():
            if name not in _SAID_ELSEWHERE:
                text.append(f" {name}=", style="dim")
                text.append(str(value))
        return text


def _colour(process: str) -> str:
    return _COLOURS[sum(process.encode()) % len(_COLOURS)]


class Tail:
    """What was appended to a file since we last looked; a truncated file is read anew."""

    def __init__(self, process: str, file: Path, *, from_start: bool = False) -> None:
        self.process = process
        self._file = file
        self._position = 0 if from_start else _size(file)
        self._rest = b""

    def lines(self) -> Iterator[LogLine]:
        size = _size(self._file)
        if size < self._position:
            self._position, self._rest = 0, b""
        if size == self._position:
            return
        with self._file.open("rb") as file:
            file.seek(self._position)
            fresh = self._rest + file.read()
            self._position = file.tell()
        *whole, self._rest = fresh.split(b"\n")
        for raw in whole:
            yield LogLine.parse(self.process, raw.decode(errors="replace"))


def last_lines(files: Iterable[Path], count: int) -> list[LogLine]:
    """The latest `count` lines of each file, merged by time; lines without a time stay in place."""
    merged: list[tuple[str, LogLine]] = []
    for file in files:
        moment = ""
        for raw in _tail(file, count):
            line = LogLine.parse(file.stem, raw)
            moment = line.timestamp or moment
            merged.append((moment, line))
    return [line for _, line in sorted(merged, key=lambda pair: pair[0])]


def _tail(file: Path, count: int) -> list[str]:
    """The last lines of a file without reading all of it: 400 bytes a line are enough for most."""
    with file.open("rb") as content:
        size = content.seek(0, os.SEEK_END)
        content.seek(max(0, size - 400 * max(count, 25)))
        return content.read().decode(errors="replace").splitlines()[-count:] if count else []


def rotate(file: Path, *, limit: int = ROTATE_BYTES) -> None:
    """Keep one older generation. The writer appends, so that truncating does not disturb it."""
    if _size(file) > limit:
        shutil.copyfile(file, file.with_suffix(".log.1"))
        os.truncate(file, 0)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

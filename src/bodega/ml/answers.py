"""Every answer of a model kept, to be joined later with what happened.

JSON lines under `<lake>/predictions/<model>/<UTC day>.jsonl`, written in batches. The buffer is
bounded: when the disk is slower than the shop, answers go on and the oldest entries are dropped.
"""

import json
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from bodega.backbone.telemetry.context import current_correlation_id
from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.storage import Place, at
from bodega.kernel.clock import Clock, rfc3339
from bodega.kernel.ids import new_id

BUFFER = 10_000
KEEP = timedelta(days=90)
log = get_logger(__name__)


class AnswerLog:
    """`add` is called while a buyer waits and only appends to memory; `flush` writes."""

    def __init__(self, lake: Place, name: str, clock: Clock, *, keep: timedelta = KEEP) -> None:
        self._keep = keep
        self._folder = at(lake).work / "predictions" / name
        self._clock = clock
        self._waiting: deque[str] = deque(maxlen=BUFFER)
        self._writing = threading.Lock()

    def add(self, answer: Mapping[str, object]) -> None:
        """With an id, the instant and the request it answered."""
        entry = {
            "prediction_id": str(new_id()),
            "at": rfc3339(self._clock.now()),
            "correlation_id": current_correlation_id(),
            **answer,
        }
        self._waiting.append(json.dumps(entry))

    def flush(self) -> int:
        """Write what waits; how many entries. A full disk costs these entries only."""
        with self._writing:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not lines:
                return 0
            try:
                self._append(lines)
            except OSError as error:
                log.warning("predictions_lost", count=len(lines), reason=str(error))
                return 0
            return len(lines)

    def since(self, instant: datetime) -> Iterator[dict[str, Any]]:
        """What was written since, oldest first; a line that a crash cut short is left out. Raises
        OSError."""
        said = rfc3339(instant)
        for path in sorted(self._folder.glob("*.jsonl")):
            if path.stem < f"{instant:%Y-%m-%d}":
                continue
            for line in path.read_text().splitlines():
                with suppress(json.JSONDecodeError):
                    entry: dict[str, Any] = json.loads(line)
                    if entry["at"] >= said:
                        yield entry

    def _append(self, lines: list[str]) -> None:
        path = self._folder / f"{self._clock.now():%Y-%m-%d}.jsonl"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._forget()
        with path.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())

    def _forget(self) -> None:
        oldest = f"{self._clock.now() - self._keep:%Y-%m-%d}"
        for path in self._folder.glob("*.jsonl"):
            if path.stem < oldest:
                path.unlink()

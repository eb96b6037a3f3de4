"""What gates and watchers find, on its way to history and to people.

A result is written when it is first seen and whenever it changes; lines of loads always.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import open_keys, raise_alert, resolve_alert
from bodega.data.quality.history import History, Kind, Row
from bodega.data.quality.reconciliation import Line
from bodega.data.quality.results import Result

PREFIX = "quality:"
log = get_logger(__name__)


class Notebook:
    """`every_seconds`: what was noted may wait so long before it is written."""

    def __init__(self, root: LakeRoot, *, every_seconds: float = 0.0) -> None:
        self._root = root
        self._history = History(root)
        self._every = every_seconds
        self._waiting: dict[Kind, list[Row]] = {}
        self._written_at = 0.0
        self._seen: dict[tuple[str, str], tuple[bool, str]] = {}
        self._open: set[str] | None = None

    def lines(self, lines: Sequence[Line], *, load: str, given: bool = False) -> None:
        """`given`: readers have it already. What is held back is told by whoever refreshes."""
        now = datetime.now(UTC)
        self._keep("reconciliations", [line.row(now, load=load) for line in lines])
        if given:
            for table in dict.fromkeys(line.table for line in lines):
                wrong = [str(line) for line in lines if line.table == table and not line.agrees]
                self._tell(f"{PREFIX}{table}", f"{table} was published and differs", wrong)

    def results(self, results: Iterable[Result]) -> None:
        now = datetime.now(UTC)
        for result in results:
            state = (result.passed, "" if result.passed else result.observed)
            if self._seen.get((result.table, result.check)) != state:
                self._seen[result.table, result.check] = state
                self._keep("results", [result.row(now)])

    def rows(self, kind: Kind, rows: Sequence[Row]) -> None:
        self._keep(kind, rows)

    def replace(self, kind: Kind, rows: Sequence[Row]) -> None:
        """What is so now; written at once."""
        try:
            self._history.replace(kind, rows)
        except LakeUnavailable as error:
            log.warning("quality_history_lost", kind=kind, rows=len(rows), error=error.detail)

    def flush(self, *, now: bool = False) -> None:
        """Write what waits, if its time has come. History that cannot be written stops nothing."""
        if not self._waiting or not (now or time.monotonic() - self._written_at >= self._every):
            return
        waiting, self._waiting = self._waiting, {}
        self._written_at = time.monotonic()
        for kind, rows in waiting.items():
            try:
                self._history.append(kind, rows)
            except LakeUnavailable as error:
                log.warning("quality_history_lost", kind=kind, rows=len(rows), error=error.detail)

    def _tell(self, key: str, title: str, wrong: Sequence[str]) -> None:
        """People hear of it once, and when it is over."""
        if self._open is None:
            self._open = set(open_keys(self._root.work, prefix=PREFIX))
        if wrong:
            raise_alert(self._root.work, key=key, title=title, detail="\n".join(wrong))
            self._open.add(key)
        elif key in self._open:
            resolve_alert(self._root.work, key=key)
            self._open.discard(key)

    def _keep(self, kind: Kind, rows: Sequence[Row]) -> None:
        if rows:
            self._waiting.setdefault(kind, []).extend(rows)

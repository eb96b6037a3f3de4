"""The gate between the warehouse and its readers: what a load must pass.

What blocks is asked before publishing, of tables that moved only. What was found is kept in memory
for a while and written in one commit; at once when something is wrong.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import Place, at
from bodega.data.quality.checks import run_checks
from bodega.data.quality.history import History, Kind, Row
from bodega.data.quality.policy import Policy, QualityMalformed, read_policy
from bodega.data.quality.reconciliation import (
    Line,
    bronze_to_silver,
    gold_to_published,
    silver_to_gold,
)

log = get_logger(__name__)


class Gate:
    """`file` is the operator's policy, followed as it changes. `every_seconds`: what was found may
    wait so long before it is written."""

    def __init__(
        self, lake: Place, file: Path | None = None, *, every_seconds: float = 0.0
    ) -> None:
        self._root = at(lake)
        self._history = History(self._root)
        self._every = every_seconds
        self._waiting: dict[Kind, list[Row]] = {}
        self._written_at = 0.0
        self._file = file
        self._read: tuple[float, Policy] | None = None

    @property
    def policy(self) -> Policy:
        """As it is now; one that breaks a rule is told, and the last good one goes on."""
        changed = self._file.stat().st_mtime if self._file and self._file.is_file() else 0.0
        if self._read is None or self._read[0] != changed:
            try:
                self._read = (changed, read_policy(self._file))
            except QualityMalformed as error:
                log.error("quality_malformed", error=error.detail)
                self._read = (changed, self._read[1] if self._read else read_policy())
        return self._read[1]

    def admit(self, con: duckdb.DuckDBPyConnection, moved: Sequence[str], upto: int) -> list[str]:
        """What keeps this load from being published."""
        lines = [*bronze_to_silver(con, self.policy, moved, upto), *silver_to_gold(con)]
        failures = [str(line) for line in lines if not line.agrees]
        failures += [f"{r.check}: {r.detail}" for r in run_checks(con) if not r.passed]
        self._keep_lines(lines, load=str(upto))
        self.flush(now=bool(failures))
        return failures

    def published(
        self, con: duckdb.DuckDBPyConnection, written: Mapping[str, Sequence[str]], upto: int
    ) -> list[str]:
        """What readers were given and the warehouse does not hold."""
        lines = gold_to_published(con, self._root, read_published(self._root), written)
        self._keep_lines(lines, load=str(upto))
        wrong = [str(line) for line in lines if not line.agrees]
        for one in wrong:
            log.error("published_differs", line=one)
        self.flush(now=bool(wrong))
        return wrong

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

    def _keep_lines(self, lines: Iterable[Line], *, load: str) -> None:
        now = datetime.now(UTC)
        self._keep("reconciliations", [line_row(line, at=now, load=load) for line in lines])

    def _keep(self, kind: Kind, rows: Sequence[Row]) -> None:
        if rows:
            self._waiting.setdefault(kind, []).extend(rows)


def line_row(line: Line, *, at: datetime, load: str) -> Row:
    """A line as history keeps it."""
    return {
        "noted_at": at,
        "load": load,
        "hop": line.hop,
        "table_name": line.table,
        "measure": line.measure,
        "source": line.source,
        "target": line.target,
        "agrees": line.agrees,
    }

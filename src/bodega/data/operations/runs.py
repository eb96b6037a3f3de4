"""The history of runs: begun before the work, ended after it, found lost when its process died.

    with recorded(work, kind="source", name="fx", trigger="schedule") as run:
        run.step("rates", kind="stream", seconds=1.2, rows=310)

An exception ends the run as failed and goes on. History never fails the work it tells of.
"""

import os
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.pipelines import (
    LogLineView,
    RunDetail,
    RunKind,
    RunState,
    RunView,
    StepState,
    StepView,
)
from bodega.data.operations.store import reading, text_of, writing
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import new_id

DETAILED = 500  # runs whose steps and logs are kept; those of failed runs live as long as the run
TEXT_LENGTH = 8000
_COLUMNS = """id, kind, name, trigger, state, started_at, ended_at, seconds, rows, bytes,
    failing_step, detail, pid, host"""
log = get_logger(__name__)


@dataclass
class Run:
    """A run under way. Steps and logs are kept in memory and written with the end."""

    work: Path
    id: str
    kind: RunKind
    name: str
    trigger: str
    started_at: datetime
    begun: bool = False
    clock: float = field(default_factory=time.monotonic)
    steps: list[StepView] = field(default_factory=list)
    logs: list[LogLineView] = field(default_factory=list)
    state: RunState = "succeeded"
    detail: str = ""
    rows: int | None = None
    bytes: int | None = None

    def begin(self) -> None:
        """There is something to do: from now on others see the run."""
        self.begun = True
        with _tolerant("run_not_kept"):
            _begin(self)

    def step(
        self,
        name: str,
        *,
        kind: str,
        state: StepState = "succeeded",
        started_at: datetime | None = None,
        seconds: float | None = None,
        rows: int | None = None,
        bytes: int | None = None,
        detail: str = "",
    ) -> None:
        """Something that was done, or was not."""
        self.steps.append(
            StepView(
                name=name,
                kind=kind,
                state=state,
                started_at=started_at,
                seconds=seconds,
                rows=rows,
                bytes=bytes,
                detail=detail[:TEXT_LENGTH],
            )
        )

    @contextmanager
    def timed(self, name: str, *, kind: str) -> Iterator[dict[str, Any]]:
        """A step as long as the block; what the block puts into the dictionary (`rows`, `bytes`,
        `detail`, `state`) is told of it."""
        told: dict[str, Any] = {}
        started_at, clock = SystemClock().now(), time.monotonic()
        try:
            yield told
        except BaseException as error:
            told |= {"state": "failed", "detail": f"{type(error).__name__}: {error}"}
            raise
        finally:
            seconds = round(time.monotonic() - clock, 3)
            self.step(name, kind=kind, started_at=started_at, seconds=seconds, **told)

    def say(self, text: str, *, step: str = "", level: str = "info") -> None:
        at = SystemClock().now()
        self.logs.append(LogLineView(at=at, step=step, level=level, text=text[:TEXT_LENGTH]))

    @property
    def failing_step(self) -> str | None:
        return next((step.name for step in self.steps if step.state == "failed"), None)


@contextmanager
def recorded(
    work: Path, *, kind: RunKind, name: str, trigger: str, at_once: bool = True
) -> Iterator[Run]:
    """Keep the history of the block as a run, whatever becomes of it. Unless `at_once`, a block
    that never calls `begin` and does not fail leaves none."""
    run = Run(work, str(new_id()), kind, name, trigger, SystemClock().now())
    if at_once:
        run.begin()
    try:
        yield run
    except BaseException as error:
        run.state = "failed"
        run.detail = run.detail or f"{type(error).__name__}: {error}"
        if not run.begun:
            run.begin()
        raise
    finally:
        if run.begun:
            with _tolerant("run_not_kept"):
                _end(run)


def runs(work: Path, *, kind: RunKind | None = None, limit: int = 50) -> list[RunView]:
    """Newest first."""
    with reading(work) as con:
        rows = con.execute(
            f"""select {_COLUMNS} from runs where ? is null or kind = ?
                order by started_at desc, id desc limit ?""",
            (kind, kind, limit),
        ).fetchall()
    return [RunView.model_validate(_told(row)) for row in rows]


def run_of(work: Path, run_id: str) -> RunDetail | None:
    """By its id, or by the last letters of it."""
    with reading(work) as con:
        row = con.execute(
            f"""select {_COLUMNS} from runs where id = ? or id like '%' || ?
                order by started_at desc limit 1""",
            (run_id, run_id),
        ).fetchone()
        if row is None:
            return None
        by_run = (row["id"],)
        steps = con.execute("select * from steps where run_id = ? order by ordinal", by_run)
        logs = con.execute("select * from logs where run_id = ? order by ordinal", by_run)
        return RunDetail.model_validate(
            {
                **_told(row),
                "steps": [dict(step) for step in steps],
                "logs": [dict(line) for line in logs],
            }
        )


def failures_in_a_row(work: Path, *, kind: RunKind, name: str | None = None) -> int:
    """How many of the newest ended runs failed or were lost, one after the other."""
    count = 0
    for run in runs(work, kind=kind, limit=50):
        if run.state == "running" or (name is not None and run.name != name):
            continue
        if run.state not in ("failed", "lost"):
            break
        count += 1
    return count


def forget_runs(work: Path, *, before: datetime) -> int:
    """Drop runs from before an instant, and steps and logs of old runs that went well."""
    with writing(work) as con:
        dropped = con.execute("delete from runs where started_at < ?", (text_of(before),)).rowcount
        for table in ("steps", "logs"):
            con.execute(
                f"""delete from {table} where run_id in (
                    select id from (select id, state from runs order by started_at desc
                    limit -1 offset ?) where state = 'succeeded')""",
                (DETAILED,),
            )
        return dropped


def forget_old_runs(work: Path, *, days: int) -> int:
    return forget_runs(work, before=SystemClock().now() - timedelta(days=days))


def _begin(run: Run) -> None:
    with writing(run.work) as con:
        _bury(con)
        con.execute(
            """insert into runs (id, kind, name, trigger, state, started_at, detail, pid, host)
               values (?, ?, ?, ?, 'running', ?, '', ?, ?)""",
            (
                run.id,
                run.kind,
                run.name,
                run.trigger,
                text_of(run.started_at),
                os.getpid(),
                _HOST,
            ),
        )


def _end(run: Run) -> None:
    ended_at = SystemClock().now()
    steps = [(run.id, n, *_row(step)) for n, step in enumerate(run.steps)]
    logs = [
        (run.id, n, text_of(line.at), line.step, line.level, line.text)
        for n, line in enumerate(run.logs)
    ]
    with writing(run.work) as con:
        con.execute(
            """update runs set state = ?, ended_at = ?, seconds = ?, rows = ?, bytes = ?,
                   failing_step = ?, detail = ? where id = ?""",
            (
                run.state,
                text_of(ended_at),
                round(time.monotonic() - run.clock, 3),
                run.rows,
                run.bytes,
                run.failing_step,
                run.detail[:TEXT_LENGTH],
                run.id,
            ),
        )
        con.executemany("insert into steps values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", steps)
        con.executemany("insert into logs values (?, ?, ?, ?, ?, ?)", logs)


def _row(step: StepView) -> tuple[object, ...]:
    started_at = text_of(step.started_at) if step.started_at else None
    measured = (started_at, step.seconds, step.rows, step.bytes)
    return (step.name, step.kind, step.state, *measured, step.detail)


_HOST = socket.gethostname()


def _bury(con: sqlite3.Connection) -> None:
    """Runs whose process is gone will not tell how they ended."""
    for row in con.execute("select id, pid, host from runs where state = 'running'").fetchall():
        if not _alive(row):
            con.execute("update runs set state = 'lost' where id = ?", (row["id"],))


def _told(row: sqlite3.Row) -> Mapping[str, Any]:
    values = dict(row)
    if values["state"] == "running" and not _alive(row):
        values["state"] = "lost"
    if values["state"] == "lost":
        values["detail"] = values["detail"] or "its process ended without a word"
    return values


def _alive(row: sqlite3.Row) -> bool:
    """Of another machine nothing is known."""
    if row["host"] != _HOST:
        return True
    try:
        os.kill(row["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _tolerant(event: str) -> Iterator[None]:
    with suppress(sqlite3.Error, OSError):
        try:
            yield
        except (sqlite3.Error, OSError):
            log.exception(event)
            raise

"""Reading sources by schedule: what is due, in a process of its own, and what is followed always.

python -m bodega.apps.reading SOURCE
"""

import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import BaseModel

from bodega.apps.sources import declared, read_all
from bodega.backbone.settings import Settings, load_settings
from bodega.backbone.telemetry.logs import configure_logs, get_logger
from bodega.data.ingest.sources.config import FOLLOWED, SourcesFile
from bodega.data.ingest.sources.registry import Followed, followed_source
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.runs import Run, read_runs, remember_run
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.errors import BodegaError

LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 3600.0
log = get_logger(__name__)


class Planned(BaseModel):
    """A source with a schedule."""

    source: str
    schedule: str
    due: bool
    next: datetime
    last: Run | None


def planned(settings: Settings, *, now: datetime) -> list[Planned]:
    """Every source with a schedule. Raises SourcesMalformed."""
    file, runs = declared(settings), read_runs(LakeRoot.of(settings))
    return [
        Planned(
            source=name,
            schedule=config.schedule.said,
            due=config.schedule.is_due(last=_last(runs, name), now=now),
            next=config.schedule.next_tick(now),
            last=runs.get(name),
        )
        for name, config in file.sources.items()
        if config.schedule is not None
    ]


def read_due(settings: Settings, *, now: datetime) -> list[str]:
    """Read what is due, here; the names of what was read."""
    due = [plan.source for plan in planned(settings, now=now) if plan.due]
    for name in due:
        read_one(settings, name)
    return due


def read_one(settings: Settings, name: str, *, trigger: str = "schedule") -> Run:
    """Read a source and remember how that went; a source that fails waits for its next tick."""
    root = LakeRoot.of(settings)
    with suppress(BodegaError):  # remembered
        read_reports(settings, name, trigger=trigger)
    run = read_runs(root)[name]
    log.info("source_read", source=name, ok=run.ok, said=run.said)
    return run


def read_reports(settings: Settings, which: str, *, trigger: str) -> list[LoadReport]:
    """Read a source or a stream of it, a report a stream; `bodega sources schedule` remembers it.
    Raises what `read_all` raises."""
    root, name = LakeRoot.of(settings), which.partition(".")[0]
    before = read_runs(root).get(name)
    run = Run(started=datetime.now(UTC), succeeded_at=before.succeeded_at if before else None)
    remember_run(root, name, run)
    try:
        reports = read_all(settings, which, full=False, trigger=trigger)
    except BodegaError as error:
        run.ok, run.said = False, error.detail
        raise
    else:
        errors = [report.error for report in reports if report.error]
        rows = sum(report.kept for report in reports)
        run.ok, run.said = not errors, "; ".join(errors) or f"{rows:,} rows kept"
        return reports
    finally:
        run.ended = datetime.now(UTC)
        run.succeeded_at = run.ended if run.ok else run.succeeded_at
        remember_run(root, name, run)


def keep_reading(settings: Settings, stop: threading.Event) -> None:
    """Sources as they come due, some at a time, each in a process that then gives its memory back;
    databases that are followed, in a thread each. Until `stop`. Where Dagster orchestrates the
    schedules are its own."""
    followers = _follow(settings, stop)
    under_way: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(settings.pipelines_parallel, "source") as readers:
        while not stop.is_set():
            for name in _due(settings):
                if name not in under_way or under_way[name].done():
                    under_way[name] = readers.submit(_run, ["-m", __name__, name], stop)
            stop.wait(LOOK_SECONDS)
    for follower in followers:
        follower.join(timeout=settings.shutdown_seconds)


def _due(settings: Settings) -> list[str]:
    if settings.orchestrator == "dagster":
        return []
    try:
        return [plan.source for plan in planned(settings, now=datetime.now(UTC)) if plan.due]
    except BodegaError as error:
        log.warning("sources_malformed", error=error.detail)
        return []


def _run(arguments: Sequence[str], stop: threading.Event) -> None:
    if stop.is_set():
        return
    process = subprocess.Popen([sys.executable, *arguments])
    waited = 0.0
    while process.poll() is None and waited < PATIENCE_SECONDS:
        if stop.wait(0.2):
            break
        waited += 0.2
    if process.poll() is None:
        process.terminate()
        process.wait()


def _follow(settings: Settings, stop: threading.Event) -> list[threading.Thread]:
    try:
        file = declared(settings)
    except BodegaError as error:
        log.warning("sources_malformed", error=error.detail)
        return []
    threads = []
    for name, config in file.sources.items():
        if isinstance(config, FOLLOWED) and config.follow:
            source = _follower(name, file, settings)
            if source is not None:
                thread = threading.Thread(
                    target=source.follow, args=(stop,), name=f"follow-{name}", daemon=True
                )
                thread.start()
                threads.append(thread)
    return threads


def _follower(name: str, file: SourcesFile, settings: Settings) -> Followed | None:
    try:
        return followed_source(name, file, settings)
    except BodegaError as error:
        log.warning("source_not_followed", source=name, error=error.detail)
        return None


def _last(runs: dict[str, Run], name: str) -> datetime | None:
    return runs[name].started if name in runs else None


def main() -> None:
    settings = load_settings()
    configure_logs(settings)
    read_one(settings, sys.argv[1])


if __name__ == "__main__":
    main()

"""Jobs and sweeps outlive the worker that ran them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bodega.backbone.cache import Cache
from bodega.backbone.container import Container
from bodega.backbone.db import Database
from bodega.backbone.job_runs import JobRuns, prune
from bodega.backbone.jobs import cron, start
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.kernel.clock import FixedClock

ROOT = Path(__file__).parents[3]
SETUP = """CREATE SCHEMA IF NOT EXISTS probe;
CREATE TABLE IF NOT EXISTS probe.marks (id bigserial PRIMARY KEY, job text, what text, process text)
"""
GO_ON = "INSERT INTO probe.marks (job, what) VALUES ('', 'go on')"
Spawn = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def spawn(settings: Settings) -> Iterator[Spawn]:
    run(settings, SETUP)
    environment = {
        **os.environ,
        "BODEGA_DATABASE_URL": settings.dsn,
        "BODEGA_VALKEY_URL": settings.valkey_dsn,
        "BODEGA_DATA_DIR": str(settings.data_dir),
        "BODEGA_LOG_LEVEL": "WARNING",
    }
    children: list[subprocess.Popen[bytes]] = []

    def start_child(executor: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.backbone.jobs.child", executor]
        children.append(subprocess.Popen(command, env=environment, cwd=ROOT))
        return children[-1]

    yield start_child
    for child in children:
        child.kill()
        child.wait()
    run(settings, "DROP SCHEMA IF EXISTS dbos CASCADE")


def run(settings: Settings, statements: str) -> None:
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        connection.execute(statements.encode())


def marks(settings: Settings, job: str) -> list[tuple[str, str]]:
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        query = "SELECT what, process FROM probe.marks WHERE job = %s ORDER BY id"
        return connection.execute(query, [job]).fetchall()


def eventually(check: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


async def test_jobs_survive_kill_9_are_looked_into_and_sweeps_are_taken_over(
    settings: Settings, spawn: Spawn
) -> None:
    """One story, for every worker that starts costs a second."""
    context = Context(
        settings, Database(settings), Cache(settings), FixedClock(datetime.now(UTC)), Container()
    )
    runs = JobRuns(context)
    assert await runs.latest(limit=5, open_only=False) == []
    first = spawn("worker")
    assert eventually(lambda: marks(settings, "sweep"))
    second = await a_started_job_survives_its_worker(settings, spawn, first)
    await runs_are_seen_stopped_tried_again_and_forgotten(settings, context, runs)
    the_next_worker_takes_the_sweeps_over(settings, spawn, second)
    await context.database.close()


async def a_started_job_survives_its_worker(
    settings: Settings, spawn: Spawn, first: subprocess.Popen[bytes]
) -> subprocess.Popen[bytes]:
    assert await start(settings, "slow", key="once") == await start(settings, "slow", key="once")
    assert eventually(lambda: marks(settings, "slow") == [("begun", "worker")])
    first.send_signal(signal.SIGKILL)
    first.wait()
    run(settings, GO_ON)
    second = spawn("worker")
    assert eventually(lambda: len(marks(settings, "slow")) == 3)
    assert [what for what, _ in marks(settings, "slow")] == ["begun", "begun", "done"]
    run(settings, "DELETE FROM probe.marks WHERE job IN ('', 'slow')")
    return second


async def runs_are_seen_stopped_tried_again_and_forgotten(
    settings: Settings, context: Context, runs: JobRuns
) -> None:
    id_ = await start(settings, "slow", key="seen")
    assert eventually(lambda: marks(settings, "slow") == [("begun", "worker")])
    [seen] = await runs.latest(limit=5, open_only=True)
    assert (seen.id, seen.at, seen.state) == (id_, "slow", "running")
    assert await runs.cancel(id_)
    assert not await runs.cancel(id_)
    stopped = await runs.find(id_)
    assert stopped is not None
    assert stopped.state == "cancelled"
    run(settings, GO_ON)
    assert await runs.retry(id_)
    assert await until_ended(runs, id_) == "completed"
    await prune(context)
    assert await runs.find(id_) is not None
    context.clock.at += timedelta(days=settings.jobs_keep_days + 1)  # type: ignore[attr-defined]
    await prune(context)
    assert await runs.find(id_) is None


def the_next_worker_takes_the_sweeps_over(
    settings: Settings, spawn: Spawn, leader: subprocess.Popen[bytes]
) -> None:
    other = spawn("other")
    since = len(marks(settings, "sweep"))
    assert eventually(lambda: len(marks(settings, "sweep")) > since + 5)
    assert {process for _, process in marks(settings, "sweep")} == {"worker"}
    leader.send_signal(signal.SIGKILL)
    assert eventually(lambda: marks(settings, "sweep")[-1][1] == "other")
    other.terminate()
    assert other.wait(30) == 0


async def until_ended(runs: JobRuns, id_: str) -> str:
    for _ in range(300):
        found = await runs.find(id_)
        assert found is not None
        if found.ended_at is not None and found.state != "cancelled":
            return found.state
        await asyncio.sleep(0.1)
    return "never"


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (60, "*/1 * * * *"),
        (900, "*/15 * * * *"),
        (3600, "0 */1 * * *"),
        (6 * 3600, "0 */6 * * *"),
        (24 * 3600, "0 0 * * *"),
    ],
)
def test_an_interval_becomes_a_cron_line(seconds: float, line: str) -> None:
    assert cron(seconds) == line

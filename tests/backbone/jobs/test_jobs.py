"""Jobs and sweeps outlive the worker that ran them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bodega.backbone.jobs import cron, start
from bodega.backbone.settings import Settings

ROOT = Path(__file__).parents[3]
SETUP = """CREATE SCHEMA IF NOT EXISTS probe;
CREATE TABLE IF NOT EXISTS probe.marks (id bigserial PRIMARY KEY, job text, what text, process text)
"""
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


async def test_a_started_job_survives_kill_9_of_its_worker(
    settings: Settings, spawn: Spawn
) -> None:
    first = spawn("worker")
    assert eventually(lambda: marks(settings, "sweep"))
    assert await start(settings, "slow", key="once") == await start(settings, "slow", key="once")
    assert eventually(lambda: marks(settings, "slow") == [("begun", "worker")])
    first.send_signal(signal.SIGKILL)
    first.wait()
    run(settings, "INSERT INTO probe.marks (job, what) VALUES ('', 'go on')")
    second = spawn("worker")
    assert eventually(lambda: len(marks(settings, "slow")) == 3)
    assert [what for what, _ in marks(settings, "slow")] == ["begun", "begun", "done"]
    second.terminate()
    assert second.wait(30) == 0


def test_one_worker_sweeps_and_the_next_takes_over(settings: Settings, spawn: Spawn) -> None:
    workers = {name: spawn(name) for name in ("one", "two")}
    assert eventually(lambda: len(marks(settings, "sweep")) > 5)
    (leader,) = {process for _, process in marks(settings, "sweep")}
    (other,) = set(workers) - {leader}
    workers[leader].send_signal(signal.SIGKILL)
    assert eventually(lambda: marks(settings, "sweep")[-1][1] == other)


def test_the_shop_is_not_burdened_with_the_job_engine() -> None:
    script = "import sys, bodega.apps.api, bodega.backbone.jobs; print('dbos' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


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

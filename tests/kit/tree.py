"""A whole shop as users start it: `bodega up --detach` in a folder of its own; journeys and
benchmarks drive it from outside."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg

T = TypeVar("T")
GOLD_SECONDS = 180  # the lake gives way to everything else on a busy machine
BODEGA = str(Path(sys.executable).with_name("bodega"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(check: Callable[[], T], *, seconds: float = 30, every: float = 0.2) -> T:
    """The first truthy answer of `check`; its last answer or error when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = check()
            if answer or time.monotonic() > deadline:
                return answer
        except (AssertionError, httpx.HTTPError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
        time.sleep(every)


class Tree:
    """One shop's process tree on its own port and data."""

    def __init__(self, data_dir: Path, **settings: object) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.password = ""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("BODEGA_")}
        mine = {f"BODEGA_{key.upper()}": str(value) for key, value in settings.items()}
        self.environment = {
            **clean,
            "BODEGA_DATA_DIR": str(data_dir),
            "BODEGA_PORT": str(self.port),
            **mine,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, timeout: float = 300) -> str:
        """`bodega …` beside this shop; its standard output. Raises CalledProcessError."""
        done = subprocess.run(
            [BODEGA, *arguments],
            env=self.environment,
            cwd=self.data_dir.parent,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"bodega {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self, *options: str, timeout: float = 300) -> float:
        """Seconds until the shop is open and its back is filled."""
        started = time.perf_counter()
        said = self.run("up", "--detach", *options, timeout=timeout)
        found = re.search(r"password\s+(\S+)", said)
        self.password = found[1] if found else self.password
        return time.perf_counter() - started

    def stop(self) -> None:
        self.run("down")

    def status(self) -> dict[str, Any]:
        done = subprocess.run(
            [BODEGA, "status", "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def well(self) -> bool:
        """Every process up, and the shop able to do its work."""
        return self.status()["healthy"] and httpx.get(f"{self.url}/health/ready").is_success

    def pids(self, prefix: str) -> list[int]:
        """As the supervisor last wrote them down: `bodega status` is a process to wait for."""
        rows = json.loads((self.data_dir / "state.json").read_text())["processes"]
        return [row["pid"] for row in rows if row["name"].startswith(prefix) and row["pid"]]

    def said(self, process: str, lines: int = 40) -> str:
        """The end of its log, for the message of a test that failed."""
        log = (self.data_dir / "logs" / f"{process}.log").read_text(errors="replace")
        return "\n".join(log.splitlines()[-lines:])

    def kill(self, prefix: str) -> None:
        """`kill -9` every process whose name begins with `prefix`."""
        for pid in self.pids(prefix):
            os.kill(pid, signal.SIGKILL)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the published lake."""
        rows: list[dict[str, Any]] = json.loads(self.run("query", sql, "--format", "json"))
        return rows

    @property
    def database_url(self) -> str:
        told = json.loads((self.data_dir / "environment.json").read_text())
        url: str = told["BODEGA_DATABASE_URL"]
        return url

    def database(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the shop's own database, for invariants that no public door shows."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql).fetchall()

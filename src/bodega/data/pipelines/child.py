"""A warm child process for refreshes: what grows there goes when it is recycled.

Requests and answers are JSON, one a line; whatever libraries print goes to standard error.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from bodega.backbone.settings import load_settings
from bodega.data.lake.s3 import S3Access
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.data.pipelines.days import Days
from bodega.data.pipelines.refresh import Outcome
from bodega.kernel.errors import Unavailable

RUNS = 500
RSS_MB = 700
HISTORY_SECONDS = 60.0


class ChildFailed(Unavailable):
    """The child died or answered with an error; the next refresh starts a new one."""

    code = "refresh_failed"
    title = "The refresh failed: see logs/pipelines.log"


class Child:
    """Refreshes in a process of its own, replaced after `runs` refreshes, above `rss_mb`, or once
    it needed dbt to compile the project."""

    def __init__(
        self, lake: Place, *, memory_mb: int = 1024, runs: int = RUNS, rss_mb: int = RSS_MB
    ) -> None:
        self._lake = lake
        self._memory_mb = memory_mb
        self._runs_allowed, self._rss_allowed = runs, rss_mb
        self._process: subprocess.Popen[str] | None = None
        self._runs = 0
        self.recycled = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def refresh(
        self,
        *,
        full: bool = False,
        upto: int | None = None,
        days: Days | None = None,
        trigger: str = "loop",
    ) -> Outcome:
        """As `bodega.data.pipelines.refresh.refresh`. Raises ChildFailed; then call again."""
        asked = None if days is None else days.model_dump(mode="json")
        answer = self._ask({"full": full, "upto": upto, "days": asked, "trigger": trigger})
        self._runs += 1
        outcome = Outcome.model_validate(answer["outcome"])
        self._recycle(answer, worn=self._runs >= self._runs_allowed)
        return outcome

    def rest(self) -> None:
        """Nothing moves: time to write down what was found. A child that is not there, or fails,
        is no matter now."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ChildFailed):
                self._recycle(self._ask({"rest": True}))

    def warm(self) -> None:
        """Start the process if there is none; it imports and parses while nobody waits."""
        if self._process is not None and self._process.poll() is None:
            return
        self._part(seconds=1)
        self._runs = 0
        root = at(self._lake)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(root), str(root.work), str(self._memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        )

    def close(self) -> None:
        """Let the process finish and wait for it."""
        if self._process is not None:
            self._part(seconds=10)

    def kill(self) -> None:
        """Give up on a refresh that is running; nothing half done is ever published."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _recycle(self, answer: dict[str, Any], *, worn: bool = False) -> None:
        if worn or answer["dbt"] or answer["rss_mb"] > self._rss_allowed:
            self.close()
            self.recycled += 1
            self.warm()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.warm()
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (BrokenPipeError, ValueError) as error:
            raise self._failed("it could not be asked") from error
        if not line:
            raise self._failed("it ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ChildFailed(answer["error"])
        return answer

    def _failed(self, what: str) -> ChildFailed:
        return ChildFailed(f"The refresh process failed: {what} (exit {self._part(seconds=1)})")

    def _part(self, *, seconds: float) -> int | None:
        """Close the conversation; who does not leave in time is shown out."""
        process, self._process = self._process, None
        if process is None:
            return None
        with process, suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.returncode


def rss_mb(pid: str = "self") -> int:
    """Resident memory of a process in MiB; 0 where /proc does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def serve(lake: Place, memory_mb: int, requests: IO[str], answers: IO[str]) -> None:
    """Answer requests until there are no more."""
    from bodega.data.pipelines.catalogue import Cataloguer
    from bodega.data.pipelines.dbt import Project
    from bodega.data.pipelines.refresh import refresh
    from bodega.data.pipelines.warehouse import Warehouse
    from bodega.data.quality.gate import Gate
    from bodega.data.quality.watcher import Watcher

    gate = Gate(lake, load_settings().quality_file, every_seconds=HISTORY_SECONDS)
    warehouse = Warehouse(lake, memory_mb)
    every = load_settings().quality_profile_minutes
    watcher = Watcher(gate, lake, warehouse.open, every=timedelta(minutes=every))
    plan = Project(warehouse).plan()
    cataloguer = Cataloguer(warehouse)

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        if asked.pop("rest", False):
            watcher.rest()
            cataloguer.rest()
            return {}
        days = asked["days"] and Days.model_validate(asked["days"])
        outcome = refresh(warehouse, plan, **asked | {"days": days, "gate": gate})
        cataloguer.built(good=outcome.state != "blocked")
        return {"outcome": outcome.model_dump(mode="json")}

    with warehouse.open():  # closing the last connection writes the whole log into the file
        for line in requests:
            try:
                said = answer(json.loads(line))
            except Exception as error:  # the parent decides what to do with it
                said = {"error": f"{type(error).__name__}: {error}"}
            said |= {"rss_mb": rss_mb(), "dbt": "dbt.cli.main" in sys.modules}
            answers.write(json.dumps(said) + "\n")
            answers.flush()
    gate.notebook.flush(now=True)


def _main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    root, work, memory_mb = sys.argv[1:]
    lake = LakeRoot(root, work=Path(work), access=S3Access.of(load_settings()))
    serve(lake, int(memory_mb), sys.stdin, answers)


if __name__ == "__main__":
    _main()

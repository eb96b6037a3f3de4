"""One owner of the warehouse at a time, and how others ask it for a build."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel

from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.days import Days
from bodega.data.pipelines.refresh import Outcome
from bodega.kernel.errors import Conflict, Unavailable


class WarehouseOwned(Conflict):
    code = "warehouse_owned"
    title = "Another process runs the pipelines of this lake: only one may (BODEGA_ORCHESTRATOR)"


class BuildLate(Unavailable):
    code = "build_late"
    title = "The pipelines did not answer in time: see `bodega logs pipelines`"


class BuildRequest(BaseModel):
    """`days`: build these days anew."""

    full: bool = False
    days: Days | None = None


class BuildAnswer(BaseModel):
    outcome: Outcome | None = None
    error: str | None = None


@contextmanager
def ownership(lake: Path) -> Iterator[None]:
    """Hold the lake's pipelines for the length of the block; raises WarehouseOwned at once."""
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / "pipelines.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WarehouseOwned from error
        yield


def is_owned(lake: Path) -> bool:
    """Whether some process runs the pipelines of this lake now."""
    try:
        with ownership(lake):
            return False
    except WarehouseOwned:
        return True


@dataclass(frozen=True)
class Desk:
    """Build requests as files: asked by the command line, answered by the loop."""

    lake: Path

    @property
    def _folder(self) -> Path:
        return self.lake / "requests"

    def ask(self, request: BuildRequest, *, timeout_seconds: float = 600) -> BuildAnswer:
        """Leave a request and wait for its answer."""
        asked = self._folder / f"{uuid4().hex}.ask"
        answer = asked.with_suffix(".answer")
        self._write(asked, request)
        deadline = time.monotonic() + timeout_seconds
        try:
            while time.monotonic() < deadline:
                if answer.exists():
                    return BuildAnswer.model_validate_json(answer.read_bytes())
                time.sleep(0.05)
        finally:
            asked.unlink(missing_ok=True)
            answer.unlink(missing_ok=True)
        raise BuildLate

    def waiting(self) -> list[Path]:
        """Requests not answered yet, oldest first."""
        found = [p for p in self._folder.glob("*.ask") if not p.with_suffix(".answer").exists()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def read(self, asked: Path) -> BuildRequest:
        return BuildRequest.model_validate_json(asked.read_bytes())

    def answer(self, asked: Path, answer: BuildAnswer) -> None:
        """Answer, unless the asker has given up."""
        if asked.exists():
            self._write(asked.with_suffix(".answer"), answer)

    def _write(self, path: Path, content: BaseModel) -> None:
        LakeRoot(self._folder).write_json(path.name, content.model_dump(mode="json"))

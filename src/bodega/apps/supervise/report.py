"""What a start says while it goes on: steps with progress and notices, to a terminal or a pipe."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import IO, Literal

Kind = Literal["begin", "progress", "done", "failed", "notice", "secret", "ready", "error"]


@dataclass(frozen=True)
class Report:
    """One thing said. `secret` is shown once, never logged; `seconds` is a step's length."""

    kind: Kind
    step: str = ""
    text: str = ""
    done: float = 0
    total: float = 0
    seconds: float = 0
    values: dict[str, str] = field(default_factory=dict)


Reporter = Callable[[Report], None]


class Step:
    """A step under way; `detail` is said when it is done."""

    def __init__(self, name: str, report: Reporter) -> None:
        self.name = name
        self.detail = ""
        self._report = report

    def progress(self, text: str = "", done: float = 0, total: float = 0) -> None:
        self._report(Report("progress", self.name, text, done, total))


@contextmanager
def step(name: str, report: Reporter) -> Iterator[Step]:
    """Says when it begins, how long it took, or that it failed."""
    started = time.monotonic()
    report(Report("begin", name))
    current = Step(name, report)
    try:
        yield current
    except BaseException:
        report(Report("failed", name, seconds=time.monotonic() - started))
        raise
    report(Report("done", name, current.detail, seconds=time.monotonic() - started))


def to_pipe(pipe: IO[str]) -> Reporter:
    """A reporter that writes a JSON line a report; a reader that left is no reason to stop."""

    def report(said: Report) -> None:
        if pipe.closed:
            return
        try:
            pipe.write(json.dumps(asdict(said)) + "\n")
            pipe.flush()
        except BrokenPipeError:
            with suppress(BrokenPipeError):  # it tries once more to write what is left
                pipe.close()

    return report


def from_pipe(pipe: IO[str]) -> Iterator[Report]:
    for line in pipe:
        if line.startswith("{"):
            yield Report(**json.loads(line))

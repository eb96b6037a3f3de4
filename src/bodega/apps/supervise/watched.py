"""Something that is kept up: started again when it ends unasked, later each time it does."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from bodega.apps.supervise.report import Report, Reporter
from bodega.backbone.embedded.errors import EmbeddedError

_BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_SECONDS = 60.0
_PROVEN_SECONDS = 5.0


class Runnable(Protocol):
    """A child process or an embedded server."""

    @property
    def running(self) -> bool: ...

    @property
    def pid(self) -> int | None: ...

    def kill(self) -> None: ...


class Watched:
    """`begin` starts `subject` afresh; `ended` says how it went when it is not running."""

    def __init__(
        self,
        name: str,
        subject: Runnable,
        *,
        begin: Callable[[], object],
        ended: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.subject = subject
        self.restarts = 0
        self.started_at: datetime | None = None
        self._begin = begin
        self._ended = ended
        self._clock = clock
        self._failures = 0
        self._began = 0.0
        self._due: float | None = None

    def start(self) -> None:
        self._due = None
        self._began = self._clock()
        self.started_at = datetime.now(UTC)
        self._begin()

    def noticed_running(self) -> None:
        """It was started by somebody else, just now."""
        self._began = self._clock()
        self.started_at = datetime.now(UTC)

    def look(self, report: Reporter) -> bool:
        """Restart if it is down and its wait is over; True if anything changed."""
        now = self._clock()
        if self.subject.running:
            if now - self._began > _STEADY_SECONDS:
                self._failures = 0
            return False
        if self._due is None:
            self._schedule(now, report)
            return True
        if now < self._due:
            return False
        self._again(report)
        return True

    @property
    def steady(self) -> bool:
        """Running, and if it ever had to be started again, for a while."""
        proven = not self.restarts or self._clock() - self._began > _PROVEN_SECONDS
        return self.subject.running and proven

    def _schedule(self, now: float, report: Reporter) -> None:
        wait = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS) - 1)]
        self._failures += 1
        self._due = now + wait
        when = f"in {wait:g} s" if wait else "now"
        report(Report("notice", text=f"{self.name} ended ({self._ended()}): starting again {when}"))

    def _again(self, report: Reporter) -> None:
        self.restarts += 1
        try:
            self.start()
        except EmbeddedError as error:
            report(Report("notice", text=error.detail))

    def describe(self) -> dict[str, object]:
        """Its row in state.json."""
        return {
            "name": self.name,
            "pid": self.subject.pid if self.subject.running else None,
            "state": "running" if self.subject.running else "restarting",
            "restarts": self.restarts,
            "started_at": self.started_at.isoformat() if self.started_at else None,
        }

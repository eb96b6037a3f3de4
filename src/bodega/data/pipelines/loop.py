"""The loop: whenever bronze moved, refresh; when nothing did, say so.

While changes keep coming it rests in proportion to what a refresh took, so that a busy shop pays
for few refreshes of many sales; a sale after a quiet while is refreshed at once.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.storage import Place, at
from bodega.data.pipelines import watch
from bodega.data.pipelines.bronze import NOTHING, TABLES
from bodega.data.pipelines.child import ChildFailed
from bodega.data.pipelines.days import Days
from bodega.data.pipelines.mapped import mapped_stamp
from bodega.data.pipelines.owner import BuildAnswer, BuildRequest, Desk
from bodega.data.pipelines.refresh import Outcome
from bodega.data.pipelines.status import record

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
IDLE_SECONDS = 15.0
TIDY_SECONDS = 3600.0
LONGEST_REST_SECONDS = 20.0
"""For five of them a sale meanwhile is still being gathered by the feed."""
RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)

log = get_logger(__name__)


class Refresher(Protocol):
    """Who refreshes: the warm child, or anything with its manners."""

    def refresh(
        self,
        *,
        full: bool = False,
        upto: int | None = None,
        days: Days | None = None,
        trigger: str = "loop",
    ) -> Outcome: ...


def anywhere() -> int | None:
    """No bound: bronze is taken as it is."""
    return None


@dataclass
class Loop:
    """`complete` tells up to which position bronze is complete over all tables; `wake` is set by
    the change feed after a flush; `after` is told of every outcome that did something; `tidy` is
    called when there is nothing else to do, every `tidy_seconds`; so is `idle`, more often.
    `share` is the percentage of time that refreshes may take."""

    lake: Place
    refresher: Refresher
    complete: Callable[[], int | None] = anywhere
    wake: threading.Event | None = None
    after: Callable[[Outcome], None] | None = None
    tidy: Callable[[], object] | None = None
    tidy_seconds: float = TIDY_SECONDS
    idle: Callable[[], object] | None = None
    poll_seconds: float = POLL_SECONDS
    share: int = 100

    def __post_init__(self) -> None:
        self.wake = self.wake or threading.Event()
        self._work = at(self.lake).work
        self._desk = Desk(self._work)
        self._done: object = None
        self._refused: object = None
        self._failures = 0
        self._not_before = self._rests_until = 0.0
        self._beat = 0.0
        self._stamp, self._stamped_at = (0, 0), 0.0
        self._tidied = self._idled = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; errors are logged and tried again, later each time."""
        assert self.wake is not None
        while not stop.is_set():
            self.step()
            self.wake.wait(self.poll_seconds)
            self.wake.clear()

    def step(self) -> Outcome | None:
        """One look: answer requests, refresh if bronze moved, else keep the heartbeat."""
        for asked in self._desk.waiting():
            self._serve(asked)
        if self.complete is not anywhere and self.complete() in (None, NOTHING):
            return None  # the feed's first copy is under way: an empty warehouse is no news
        seen = self._signature()
        now = time.monotonic()
        if seen != self._done and now >= self._due(seen):
            return self._refresh(seen)
        if seen == self._done:
            self._rest(now)
        return None

    def _due(self, seen: object) -> float:
        """When to refresh. What a check refused can be right with what came since, so news do not
        wait until it is tried again."""
        mended = self._refused is not None and seen != self._refused
        return self._rests_until if mended else max(self._not_before, self._rests_until)

    def _rest(self, now: float) -> None:
        """Nothing to do: say so now and then, and tidy up once in a while."""
        if now - self._beat >= HEARTBEAT_SECONDS:
            self._beat = now
            record(self._work, Outcome.nothing())
        if self.idle is not None and now - self._idled >= IDLE_SECONDS:
            self._idled = now
            self._tidy(self.idle)
        if self.tidy is not None and now - self._tidied >= self.tidy_seconds:
            self._tidied = now
            self._tidy(self.tidy)

    def _tidy(self, tidy: Callable[[], object]) -> None:
        """Upkeep that fails stops nothing: it is told, and tried again in its turn."""
        try:
            tidy()
        except Exception:
            log.exception("upkeep_failed")

    def _signature(self) -> object:
        """Changes whenever a bronze table gets a new version, or more of it is complete."""
        root = at(self.lake)
        if not root.is_local:  # an object store is asked through what the feed vouches for
            return (self.complete(), self._stamped(time.monotonic()))
        logs = [Path(root.uri(f"bronze/{table}/_delta_log")) for table in TABLES]
        stamps = (p.stat().st_mtime_ns if p.exists() else 0 for p in logs)
        return (self.complete(), mapped_stamp(root), *stamps)

    def _stamped(self, now: float) -> tuple[int, int]:
        """A mapping's news may wait a heartbeat: every question to an object store costs."""
        if now - self._stamped_at >= HEARTBEAT_SECONDS:
            self._stamped_at, self._stamp = now, mapped_stamp(self.lake)
        return self._stamp

    def _refresh(self, seen: object, request: BuildRequest | None = None) -> Outcome | None:
        asked = request or BuildRequest()
        trigger = "loop" if request is None else "command"
        try:
            outcome = self.refresher.refresh(
                full=asked.full, upto=self.complete(), days=asked.days, trigger=trigger
            )
        except ChildFailed as error:
            self._refused = None
            self._back_off(error.detail)
            watch.failed(self._work, error.detail, times=self._failures)
            if request is not None:
                self._done = None  # what it began is finished as soon as it can be
                raise
            return None
        record(self._work, outcome)
        watch.ended(self._work, outcome)
        self._beat = time.monotonic()
        self._refused = seen if outcome.state == "blocked" and outcome.run_id else None
        if outcome.state == "blocked":
            self._back_off("; ".join(outcome.failures))
        else:
            self._done, self._failures, self._not_before = seen, 0, 0.0
        if request is None and not outcome.full:
            self._rests_until = self._beat + self._earned(outcome.seconds)
        if outcome.state == "published":
            log.info("published", seconds=outcome.seconds, tables=sorted(outcome.written))
        if self.after is not None and outcome.state != "nothing":
            self.after(outcome)
        return outcome

    def _earned(self, seconds: float) -> float:
        """How long to leave the machine to others after so much work, at most as long again once
        that is longer; what is built from nothing, or was asked for, comes once and earns no
        rest."""
        return min(seconds * (100 / self.share - 1), max(seconds, LONGEST_REST_SECONDS))

    def _back_off(self, reason: str) -> None:
        wait = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        self._not_before = time.monotonic() + wait
        log.error("refresh_failed", reason=reason, retry_in_seconds=wait)

    def _serve(self, asked: Path) -> None:
        try:
            outcome = self._refresh(self._signature(), self._desk.read(asked))
            self._desk.answer(asked, BuildAnswer(outcome=outcome))
        except (ChildFailed, ValueError, OSError) as error:
            self._desk.answer(asked, BuildAnswer(error=str(error)))

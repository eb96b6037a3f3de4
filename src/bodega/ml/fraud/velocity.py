"""How often the same buyer has come in the last hour, counted from the requests themselves.

Counts live in memory; every visit is also written to a log of this process, from which the hour is
counted anew after a restart. The log is written once a second, so a crash costs that second. Buyers
are keyed hashes and ids; the log is kept for two days.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bodega.backbone.telemetry.logs import get_logger
from bodega.ml.answers import AnswerLog

WINDOW = timedelta(hours=1)
MOST_BUYERS = 100_000
MOST_VISITS = 200
KEEP = timedelta(days=1)
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    at: datetime
    checkout_id: UUID
    country: str


@dataclass(frozen=True, slots=True)
class Recent:
    """Purchases tried in the window, this one included, and where they were to go. `known` is
    false while the hour before a restart could not be read."""

    purchases: int
    countries: frozenset[str]
    known: bool = True


class Velocity:
    """In this process's memory and bounded: a flood forgets who came least recently."""

    def __init__(
        self, log: AnswerLog, *, window: timedelta = WINDOW, most: int = MOST_BUYERS
    ) -> None:
        self._log = log
        self._unknown_until: datetime | None = None
        self._window = window
        self._most = most
        self._visits: OrderedDict[str, deque[Visit]] = OrderedDict()

    def recall(self, now: datetime) -> None:
        """The last hour as the log tells it; when it cannot be read, nobody's count is known until
        an hour has passed."""
        try:
            for entry in self._log.since(now - self._window):
                at = datetime.fromisoformat(entry["at"])
                visit = Visit(at, UUID(entry["checkout_id"]), entry["country"])
                self._count(entry["buyer"], visit)
        except (OSError, KeyError, ValueError) as error:
            self._unknown_until = now + self._window
            log.warning("fraud_counts_unknown", reason=type(error).__name__)

    def note(self, buyer: str, visit: Visit) -> Recent:
        """The same checkout asked again counts once."""
        visits, fresh = self._count(buyer, visit)
        if fresh:
            entry = {"buyer": buyer, "checkout_id": str(visit.checkout_id)}
            self._log.add(entry | {"country": visit.country})
        known = self._unknown_until is None or visit.at >= self._unknown_until
        return Recent(len(visits), frozenset(one.country for one in visits), known)

    def _count(self, buyer: str, visit: Visit) -> tuple[deque[Visit], bool]:
        visits = self._visits.setdefault(buyer, deque(maxlen=MOST_VISITS))
        self._visits.move_to_end(buyer)
        while visits and visits[0].at <= visit.at - self._window:
            visits.popleft()
        fresh = all(known.checkout_id != visit.checkout_id for known in visits)
        if fresh:
            visits.append(visit)
        while len(self._visits) > self._most:
            self._visits.popitem(last=False)
        return visits, fresh

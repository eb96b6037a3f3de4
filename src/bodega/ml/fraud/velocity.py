"""How often the same buyer has come in the last hour, counted from the requests themselves."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

WINDOW = timedelta(hours=1)
MOST_BUYERS = 100_000
MOST_VISITS = 200


@dataclass(frozen=True, slots=True)
class Visit:
    at: datetime
    checkout_id: UUID
    country: str


@dataclass(frozen=True, slots=True)
class Recent:
    """Purchases tried in the window, this one included, and where they were to go."""

    purchases: int
    countries: frozenset[str]


class Velocity:
    """In this process's memory and bounded: a restart forgets an hour, a flood forgets who came
    least recently."""

    def __init__(self, *, window: timedelta = WINDOW, most: int = MOST_BUYERS) -> None:
        self._window = window
        self._most = most
        self._visits: OrderedDict[str, deque[Visit]] = OrderedDict()

    def note(self, buyer: str, visit: Visit) -> Recent:
        """The same checkout asked again counts once."""
        visits = self._visits.setdefault(buyer, deque(maxlen=MOST_VISITS))
        self._visits.move_to_end(buyer)
        while visits and visits[0].at <= visit.at - self._window:
            visits.popleft()
        if all(known.checkout_id != visit.checkout_id for known in visits):
            visits.append(visit)
        while len(self._visits) > self._most:
            self._visits.popitem(last=False)
        return Recent(len(visits), frozenset(known.country for known in visits))

"""A circuit breaker: who fails again and again is left alone for a while, then tried once."""

from datetime import datetime, timedelta
from typing import Literal

from bodega.kernel.clock import Clock

BreakerState = Literal["closed", "open", "half_open"]


class Breaker:
    """Opens after `failures` in a row; after `pause_seconds` one caller may try. For one event
    loop."""

    def __init__(self, clock: Clock, *, failures: int, pause_seconds: float) -> None:
        self._clock = clock
        self._allowed = failures
        self._pause = timedelta(seconds=pause_seconds)
        self._failed = 0
        self._opened: datetime | None = None
        self._trying = False

    @property
    def state(self) -> BreakerState:
        if self._opened is None:
            return "closed"
        return "half_open" if self._clock.now() >= self._opened + self._pause else "open"

    def admit(self) -> bool:
        """Whether to ask. In `half_open` only the first who comes may, until it has an answer."""
        state = self.state
        if state == "half_open" and not self._trying:
            self._trying = True
            return True
        return state == "closed"

    def succeeded(self) -> None:
        self._failed, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        self._failed += 1
        if self._trying or self._failed >= self._allowed:
            self._opened = self._clock.now()
        self._trying = False

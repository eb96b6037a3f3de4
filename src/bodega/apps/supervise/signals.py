"""Signals of a supervisor: the first asks for an orderly stop, any later one forces it."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Raised in the main thread where the first signal finds it."""


class StopSignals:
    """`force` is called for every signal that comes once stopping has begun."""

    def __init__(self, force: Callable[[], None]) -> None:
        self._force = force
        self._before: dict[signal.Signals, object] = {}
        self.stopping = False

    def __enter__(self) -> Self:
        for number in _HANDLED:
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:
            self._force()
            return
        self.stopping = True
        raise Stop

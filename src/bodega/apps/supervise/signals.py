"""Signals of a supervisor: the first asks for an orderly stop, any later one forces it."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

# One Ctrl-C can arrive twice: from the terminal, and from a parent such as `make` or `uv run`.
_SAME_SECONDS = 1.0
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Raised in the main thread where the first signal finds it."""


class StopSignals:
    """`force` is called for every signal that comes a second or more after the first."""

    def __init__(self, force: Callable[[], None]) -> None:
        self._force = force
        self._before: dict[signal.Signals, object] = {}
        self._first = 0.0
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
        if not self.stopping:
            self.stopping = True
            self._first = time.monotonic()
            raise Stop
        if time.monotonic() - self._first > _SAME_SECONDS:
            self._force()

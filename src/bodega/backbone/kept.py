"""Configuration that hardly ever changes, kept in the process for a moment."""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """What was read last under each key, never older than `seconds`; 0 keeps nothing. Meant for a
    few keys, and for values that carry their own validity in time: an instant is judged when it is
    used, not when it is read."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[K, tuple[float, V]] = {}

    async def get(self, key: K, read: Callable[[], Awaitable[V]]) -> V:
        now = time.monotonic()
        until, value = self._values.get(key, (0.0, None))
        if value is not None and now < until:
            return value
        fresh = await read()
        if self._seconds:
            self._values[key] = (now + self._seconds, fresh)
        return fresh

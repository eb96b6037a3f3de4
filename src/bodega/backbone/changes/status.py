"""How the change feed is doing, for the console, `bodega status` and Prometheus."""

import time
from dataclasses import dataclass
from typing import Literal

from bodega.backbone.changes.sink import Batch
from bodega.backbone.changes.slot import SlotState
from bodega.backbone.telemetry.metrics import FEED_ROWS, FEED_SECONDS_BEHIND, SLOT_LAG

BRONZE_SLOT = "bodega_changes"  # its feed has gauges of its own name
FeedState = Literal["starting", "copying", "streaming", "waiting", "stopped"]


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """`position` is complete in the sink; times are Unix seconds, 0 when it has not happened."""

    state: FeedState
    position: int
    bytes_behind: int
    retained_bytes: int
    seconds_behind: float
    last_flush_at: float
    rows: int
    error: str


class StatusBoard:
    """Written by the feed's thread, read by any: each field is assigned in one step."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._state: FeedState = "starting"
        self._position = self._bytes_behind = self._retained = self._rows = 0
        self._fresh_as_of = time.time()
        self._last_flush_at = 0.0
        self._error = ""
        self._into_bronze = slot == BRONZE_SLOT
        if self._into_bronze:
            FEED_SECONDS_BEHIND.set_function(self._seconds_behind)

    def status(self) -> FeedStatus:
        return FeedStatus(
            state=self._state,
            position=self._position,
            bytes_behind=self._bytes_behind,
            retained_bytes=self._retained,
            seconds_behind=self._seconds_behind(),
            last_flush_at=self._last_flush_at,
            rows=self._rows,
            error=self._error,
        )

    def copying(self) -> None:
        self._state = "copying"

    def streaming(self) -> None:
        self._state, self._error = "streaming", ""

    def waiting(self, error: str) -> None:
        self._state, self._error = "waiting", error

    def stopped(self) -> None:
        self._state = "stopped"

    def wrote(self, rows: int) -> None:
        self._rows += rows
        self._last_flush_at = time.time()
        if self._into_bronze:
            FEED_ROWS.inc(rows)

    def flushed(self, batch: Batch, reached: int) -> None:
        self.streaming()
        self._bytes_behind = max(reached - batch.end_lsn, 0)
        self._fresh_as_of = max(self._fresh_as_of, batch.committed_ms / 1000)

    def completed(self, position: int) -> None:
        self._position = position

    def caught_up(self) -> None:
        self._bytes_behind = 0
        self._fresh_as_of = time.time()

    def measured(self, slot: SlotState) -> None:
        self._bytes_behind, self._retained = slot.lag_bytes, slot.retained_bytes
        SLOT_LAG.labels(self._slot).set(slot.lag_bytes)

    def _seconds_behind(self) -> float:
        return max(time.time() - self._fresh_as_of, 0.0)

"""How old the published numbers are."""

from datetime import datetime, timedelta
from typing import Literal

import anyio.to_thread

from bodega.contracts.freshness import FreshnessReport, TableFreshness
from bodega.data.lake.published import Published, checked_at, read_published
from bodega.data.lake.storage import Place
from bodega.kernel.clock import Clock, SystemClock

LATE_AFTER = timedelta(seconds=60)


class PublishedFreshness:
    """Implements `bodega.contracts.freshness.Freshness`. Numbers are late when the pipelines have
    not found them up to date for a minute: stopped, blocked by a check, or behind."""

    def __init__(self, lake: Place, clock: Clock | None = None) -> None:
        self._lake = lake
        self._clock = clock or SystemClock()

    async def report(self) -> FreshnessReport:
        return await anyio.to_thread.run_sync(self._report)

    def _report(self) -> FreshnessReport:
        published, checked = read_published(self._lake), checked_at(self._lake)
        return FreshnessReport(
            state=self._state(published, checked),
            published_at=published.published_at,
            known_at=published.known_at,
            checked_at=checked,
            position=published.position,
            tables=[
                TableFreshness(
                    table=name, version=table.version, rows=table.rows, updated_at=table.updated_at
                )
                for name, table in sorted(published.tables.items())
            ],
        )

    def _state(
        self, published: Published, checked: datetime | None
    ) -> Literal["empty", "ok", "late"]:
        if not published.tables:
            return "empty"
        on_time = checked is not None and self._clock.now() - checked <= LATE_AFTER
        return "ok" if on_time else "late"

"""How old the published numbers are."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import anyio.to_thread

from bodega.contracts.freshness import FreshnessReport, TableFreshness
from bodega.data.lake.published import Published, checked_at, read_published
from bodega.data.lake.storage import Place
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.freshness import freshness, read_pulse
from bodega.kernel.clock import Clock, SystemClock

LATE_AFTER = timedelta(seconds=60)


class PublishedFreshness:
    """Implements `bodega.contracts.freshness.Freshness`. Numbers are late when the pipelines have
    not found them up to date for a minute: stopped, blocked by a check, or behind; or when the
    change feed is. Tables have promises of their own, in the policy and in `file`."""

    def __init__(self, lake: Place, clock: Clock | None = None, file: Path | None = None) -> None:
        self._lake = lake
        self._policy = FollowedPolicy(lake, file)
        self._clock = clock or SystemClock()

    async def report(self) -> FreshnessReport:
        return await anyio.to_thread.run_sync(self._report)

    def _report(self) -> FreshnessReport:
        published, checked = read_published(self._lake), checked_at(self._lake)
        ages = {
            age.table.removeprefix("gold."): age
            for age in freshness(self._lake, self._policy.current, clock=self._clock)
        }
        return FreshnessReport(
            state=self._state(published, checked),
            published_at=published.published_at,
            known_at=published.known_at,
            checked_at=checked,
            position=published.position,
            tables=[
                TableFreshness(
                    table=name,
                    version=table.version,
                    rows=table.rows,
                    updated_at=table.updated_at,
                    state=ages[name].state,
                    age_seconds=ages[name].age_seconds,
                )
                for name, table in sorted(published.tables.items())
            ],
        )

    def _state(
        self, published: Published, checked: datetime | None
    ) -> Literal["empty", "ok", "late"]:
        if not published.tables:
            return "empty"
        fed, _ = read_pulse(self._lake)
        since = checked if fed is None or checked is None else min(checked, fed)
        on_time = since is not None and self._clock.now() - since <= LATE_AFTER
        return "ok" if on_time else "late"

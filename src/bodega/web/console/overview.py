"""What the console's first page knows, asked all at once; whoever does not answer is left out."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from bodega.backbone.events.log import ConsumerLag
from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.freshness import Freshness, FreshnessReport
from bodega.contracts.metrics import DailySales, LatestOrder, Metrics, SalesFigures, TopProduct
from bodega.kernel.errors import BodegaError
from bodega.web.formats import age

T = TypeVar("T")
State = Literal["ok", "late", "empty", "unavailable"]

DAYS = 30
TOP = 8
LATEST = 8
MUCH = 100
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Overview:
    """None means: not answered in time. `as_of` is when the numbers were last known complete."""

    now: datetime
    currency: str
    today: SalesFigures | None
    by_day: list[DailySales] | None
    top: list[TopProduct] | None
    latest: list[LatestOrder] | None
    freshness: FreshnessReport | None
    lag: Sequence[ConsumerLag] | None

    @property
    def as_of(self) -> datetime | None:
        if self.freshness is None:
            return None
        known = (self.freshness.known_at, self.freshness.checked_at)
        return max((at for at in known if at is not None), default=None)

    @property
    def behind(self) -> list[ConsumerLag]:
        """Consumers that need a look, or have much to handle."""
        return [one for one in self.lag or () if one.dead or one.parked or one.lag > MUCH]

    @property
    def state(self) -> State:
        numbers = (self.today, self.by_day, self.top, self.latest)
        if self.freshness is None or any(part is None for part in numbers):
            return "unavailable"
        return self.freshness.state

    @property
    def freshness_text(self) -> str:
        if self.state == "empty":
            return "No numbers yet"
        if self.as_of is None:
            return "The numbers are not answering"
        return f"Numbers as of {age((self.now - self.as_of).total_seconds())} ago"

    @property
    def advice(self) -> str | None:
        """What staff should know when the numbers are not simply there and fresh."""
        return _ADVICE.get(self.state)


_ADVICE: dict[State, str] = {
    "late": "The pipelines are behind: sales keep coming in and will show here once they catch up.",
    "empty": "The warehouse is being filled for the first time. This page fills itself.",
    "unavailable": (
        "The process that serves the numbers does not answer. The shop goes on selling; "
        "look at `bodega status` if this stays."
    ),
}


async def look(
    metrics: Metrics,
    freshness: Freshness,
    lag: Awaitable[Sequence[ConsumerLag]],
    *,
    now: datetime,
    currency: str,
) -> Overview:
    today = now.date()
    figures, by_day, top, latest, report, behind = await asyncio.gather(
        _answer(metrics.sales_on(day=today, currency=currency)),
        _answer(metrics.sales_by_day(until=today, days=DAYS, currency=currency)),
        _answer(metrics.top_products(until=today, days=DAYS, currency=currency, limit=TOP)),
        _answer(metrics.latest_orders(limit=LATEST)),
        _answer(freshness.report()),
        _answer(lag),
    )
    return Overview(now, currency, figures, by_day, top, latest, report, behind)


async def _answer(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except BodegaError as error:
        log.warning("console_part_missing", code=error.code)
        return None

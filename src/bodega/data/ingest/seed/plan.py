"""How large the made-up shop is, and when people buy in it."""

import math
import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from bodega.kernel.errors import Invalid

_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 13, 14, 12, 11, 10, 10, 12, 15, 19, 21, 18, 11, 5)
_WEEKDAYS = (1.05, 0.95, 0.95, 1.0, 1.1, 1.2, 1.35)


@dataclass(frozen=True)
class SeedPlan:
    """`until` is the instant the history reaches up to."""

    until: datetime
    orders: int = 3000
    days: int = 180
    products: int = 200
    seed: int = 7
    currency: str = "GBP"
    country: str = "GB"
    locale: str = "en_GB"

    def __post_init__(self) -> None:
        if self.orders < 0 or self.days < 1 or self.products < 2:
            raise Invalid("A shop needs at least 2 products, 1 day and 0 orders")

    @property
    def since(self) -> datetime:
        return self.until - timedelta(days=self.days)

    @property
    def customers(self) -> int:
        """One to about five orders."""
        return max(10, self.orders // 5)


class Calendar:
    """Order instants in ascending order: busier in the evening, at weekends, before Christmas and
    as the shop grows, with days that happen to be good or bad."""

    def __init__(self, plan: SeedPlan) -> None:
        self._since = plan.since
        self._until = plan.until
        noise = random.Random(f"{plan.seed}/days")
        hours = plan.days * 24
        luck = [math.exp(noise.gauss(0, 0.12)) for _ in range(plan.days)]
        weights = (self._weight(hour, hours) * luck[hour // 24] for hour in range(hours))
        self._cumulative = list(accumulate(weights))

    def _weight(self, hour: int, hours: int) -> float:
        at = (self._since + timedelta(hours=hour)).astimezone(UTC)
        growth = 0.7 + 0.6 * hour / hours
        day_of_year = at.timetuple().tm_yday
        season = 1 + 0.15 * math.cos(2 * math.pi * (day_of_year - 350) / 365)
        rush = 1.6 if (at.month, at.day) >= (11, 24) and (at.month, at.day) <= (12, 20) else 1.0
        return growth * season * rush * _WEEKDAYS[at.weekday()] * _HOURS[at.hour]

    def instant(self, fraction: float) -> datetime:
        """The instant before which `fraction` of all orders are placed."""
        sought = fraction * self._cumulative[-1]
        hour = bisect_left(self._cumulative, sought)
        before = self._cumulative[hour - 1] if hour else 0.0
        share = (sought - before) / (self._cumulative[hour] - before)
        at = self._since + timedelta(seconds=round((hour + share) * 3600))
        return min(at, self._until)

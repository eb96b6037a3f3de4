"""The shop in numbers, read from published gold."""

from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel

from bodega.kernel.money import Money


class SalesFigures(BaseModel):
    """`gross` is what was sold, `returned` what went back (positive), `net` the difference."""

    orders: int
    units: int
    gross: Money
    returned: Money
    net: Money


class DailySales(BaseModel):
    day: date
    figures: SalesFigures


class TopProduct(BaseModel):
    product_id: UUID
    title: str
    units: int
    net: Money


class LatestOrder(BaseModel):
    order_id: UUID
    number: int
    placed_at: datetime
    country: str | None
    units: int
    total: Money


class MetricView(BaseModel):
    """What a metric means. `formula` is SQL over `gold.<table>`; money is in minor units, shares
    are in basis points; it can be told apart by each of `dimensions`."""

    name: str
    label: str
    description: str
    owner: str
    unit: str
    grain: str
    table: str
    formula: str
    dimensions: list[str]


class MetricRow(BaseModel):
    """`value` is null where nothing can be said (a share of nothing)."""

    dimensions: dict[str, str | None]
    currency: str | None
    value: int | None


class MetricAnswer(BaseModel):
    """`more`: there are groups beyond the limit."""

    metric: MetricView
    rows: list[MetricRow]
    more: bool = False


class Metrics(Protocol):
    """Everything in `currency`, days in UTC; with no lake yet every answer is zero or empty."""

    async def sales_on(self, *, day: date, currency: str) -> SalesFigures: ...

    async def sales_by_day(self, *, until: date, days: int, currency: str) -> list[DailySales]:
        """`days` entries ending at `until`, oldest first, days without sales included as zero."""

    async def top_products(
        self, *, until: date, days: int, currency: str, limit: int = 10
    ) -> list[TopProduct]: ...

    async def latest_orders(self, *, limit: int = 10) -> list[LatestOrder]: ...

    async def definitions(self) -> list[MetricView]:
        """Every metric, by name."""

    async def ask(
        self,
        *,
        name: str,
        by: list[str],
        since: date | None = None,
        until: date | None = None,
        currency: str | None = None,
        limit: int = 1000,
    ) -> MetricAnswer:
        """A metric by dimensions, both days included. Raises `NotFound` for an unknown name,
        `Invalid` for a dimension, or a time, that the metric does not know."""

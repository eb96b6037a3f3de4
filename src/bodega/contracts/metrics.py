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


class Metrics(Protocol):
    """Everything in `currency`, days in UTC; with no lake yet every answer is zero or empty."""

    async def sales_on(self, *, day: date, currency: str) -> SalesFigures: ...

    async def sales_by_day(self, *, until: date, days: int, currency: str) -> list[DailySales]:
        """`days` entries ending at `until`, oldest first, days without sales included as zero."""

    async def top_products(
        self, *, until: date, days: int, currency: str, limit: int = 10
    ) -> list[TopProduct]: ...

    async def latest_orders(self, *, limit: int = 10) -> list[LatestOrder]: ...

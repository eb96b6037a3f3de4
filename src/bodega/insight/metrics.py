"""The shop's figures, answered from published gold."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from bodega.contracts.metrics import DailySales, LatestOrder, SalesFigures, TopProduct
from bodega.insight.gold import GoldReader
from bodega.kernel.money import Money

_SALES = """
select date, orders, units, gross_amount, returns_amount, net_amount
from gold.mart_daily_sales
where currency = ? and date between ? and ?
"""
_TOP_PRODUCTS = """
select s.product_id, any_value(p.title) as title,
    cast(sum(s.units - s.returned_units) as bigint) as units,
    cast(sum(s.net_amount) as bigint) as net_amount
from gold.mart_product_sales s
join gold.dim_products p on p.product_id = s.product_id
where s.currency = ? and s.date between ? and ?
group by s.product_id
order by net_amount desc, units desc, s.product_id
limit ?
"""
_LATEST_ORDERS = """
select order_id, number, occurred_at, country, units, total_amount, currency
from gold.fct_orders
where status <> 'cancelled'
order by occurred_at desc, number desc
limit ?
"""


class GoldMetrics:
    """Implements `bodega.contracts.metrics.Metrics`."""

    def __init__(self, gold: GoldReader) -> None:
        self._gold = gold

    async def sales_on(self, *, day: date, currency: str) -> SalesFigures:
        rows = await self._gold.rows(_SALES, [currency, day, day])
        return _figures(rows[0] if rows else None, currency)

    async def sales_by_day(self, *, until: date, days: int, currency: str) -> list[DailySales]:
        since = until - timedelta(days=days - 1)
        rows = await self._gold.rows(_SALES, [currency, since, until])
        by_day = {row["date"]: row for row in rows}
        wanted = [since + timedelta(days=n) for n in range(days)]
        return [DailySales(day=d, figures=_figures(by_day.get(d), currency)) for d in wanted]

    async def top_products(
        self, *, until: date, days: int, currency: str, limit: int = 10
    ) -> list[TopProduct]:
        since = until - timedelta(days=days - 1)
        rows = await self._gold.rows(_TOP_PRODUCTS, [currency, since, until, limit])
        return [
            TopProduct(
                product_id=UUID(row["product_id"]),
                title=row["title"] or "",
                units=row["units"],
                net=Money(amount=row["net_amount"], currency=currency),
            )
            for row in rows
        ]

    async def latest_orders(self, *, limit: int = 10) -> list[LatestOrder]:
        rows = await self._gold.rows(_LATEST_ORDERS, [limit])
        return [
            LatestOrder(
                order_id=UUID(row["order_id"]),
                number=row["number"],
                placed_at=row["occurred_at"],
                country=row["country"],
                units=row["units"],
                total=Money(amount=row["total_amount"], currency=row["currency"]),
            )
            for row in rows
        ]


def _figures(row: dict[str, Any] | None, currency: str) -> SalesFigures:
    found = row or {}

    def money(column: str) -> Money:
        return Money(amount=found.get(column, 0), currency=currency)

    return SalesFigures(
        orders=found.get("orders", 0),
        units=found.get("units", 0),
        gross=money("gross_amount"),
        returned=money("returns_amount"),
        net=money("net_amount"),
    )

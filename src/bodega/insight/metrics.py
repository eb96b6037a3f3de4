"""The shop's figures, answered from published gold."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from bodega.contracts.metrics import (
    DailySales,
    LatestOrder,
    MetricAnswer,
    MetricRow,
    MetricView,
    SalesFigures,
    TopProduct,
)
from bodega.insight.gold import GoldReader
from bodega.insight.semantic.model import Metric, metric, metrics
from bodega.insight.semantic.question import Question
from bodega.kernel.money import Money

FIGURES = ("orders", "units_sold", "gross_sales", "returned_sales", "net_sales")
TOP_PRODUCTS = """
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
LATEST_ORDERS = """
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
        rows = await self._sales(day, day, currency)
        return _figures(rows[0] if rows else None, currency)

    async def sales_by_day(self, *, until: date, days: int, currency: str) -> list[DailySales]:
        since = until - timedelta(days=days - 1)
        by_day = {row["day"]: row for row in await self._sales(since, until, currency)}
        wanted = [since + timedelta(days=n) for n in range(days)]
        return [DailySales(day=d, figures=_figures(by_day.get(d), currency)) for d in wanted]

    async def _sales(self, since: date, until: date, currency: str) -> list[dict[str, Any]]:
        asked = tuple(metric(name) for name in FIGURES)
        days = (until - since).days + 1
        question = Question(asked, ("day",), since, until, currency, limit=days)
        return await self._gold.rows(*question.sql())

    async def definitions(self) -> list[MetricView]:
        return [_view(declared) for _, declared in sorted(metrics().items())]

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
        asked = metric(name)
        question = Question((asked,), tuple(by), since, until, currency, limit + 1)
        found = await self._gold.rows(*question.sql())
        rows = [
            MetricRow(
                dimensions={key: None if row[key] is None else str(row[key]) for key in by},
                currency=row["currency"],
                value=row[name],
            )
            for row in found[:limit]
        ]
        return MetricAnswer(metric=_view(asked), rows=rows, more=len(found) > limit)

    async def top_products(
        self, *, until: date, days: int, currency: str, limit: int = 10
    ) -> list[TopProduct]:
        since = until - timedelta(days=days - 1)
        rows = await self._gold.rows(TOP_PRODUCTS, [currency, since, until, limit])
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
        rows = await self._gold.rows(LATEST_ORDERS, [limit])
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


def _view(declared: Metric) -> MetricView:
    told = declared.model_dump(include={"name", "label", "description", "owner", "unit", "grain"})
    home = declared.home
    return MetricView(
        **told, table=home.table, formula=home.formula, dimensions=sorted(home.dimensions)
    )


def _figures(row: dict[str, Any] | None, currency: str) -> SalesFigures:
    found = row or {}

    def money(name: str) -> Money:
        return Money(amount=found.get(name, 0), currency=currency)

    return SalesFigures(
        orders=found.get("orders", 0),
        units=found.get("units_sold", 0),
        gross=money("gross_sales"),
        returned=money("returned_sales"),
        net=money("net_sales"),
    )

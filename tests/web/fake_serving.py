"""The serving process in memory: recommendations, numbers and their age; it can be told to fail."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from bodega.contracts.freshness import FreshnessReport, TableFreshness
from bodega.contracts.metrics import DailySales, LatestOrder, SalesFigures, TopProduct
from bodega.contracts.pipelines import (
    AlertView,
    DeliveryView,
    LogLineView,
    RunDetail,
    RunKind,
    RunState,
    RunView,
    StepView,
)
from bodega.contracts.recommend import Recommendations
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import ProductId
from tests.web.fakes import NOW, FakeCatalog, pounds


@dataclass
class FakeRecommender:
    bought: list[ProductId] = field(default_factory=list)
    best: list[ProductId] = field(default_factory=list)
    delay: float = 0.0
    down: bool = False

    async def also_bought(self, *, product_id: ProductId, limit: int = 6) -> Recommendations:
        await asyncio.sleep(self.delay)
        if self.down:
            raise Unavailable
        return Recommendations(product_ids=self.bought[:limit], source="model")

    async def popular(
        self, *, limit: int = 6, exclude: Sequence[ProductId] = ()
    ) -> Recommendations:
        left = [one for one in self.best if one not in exclude]
        return Recommendations(product_ids=left[:limit], source="popularity")


def figures(orders: int, gross: int, returned: int = 0) -> SalesFigures:
    return SalesFigures(
        orders=orders,
        units=orders * 3,
        gross=pounds(gross),
        returned=pounds(returned),
        net=pounds(gross - returned),
    )


@dataclass
class FakeMetrics:
    catalog: FakeCatalog
    orders_today: int = 37
    down: bool = False

    def _check(self) -> None:
        if self.down:
            raise Unavailable

    async def sales_on(self, *, day: date, currency: str) -> SalesFigures:
        self._check()
        return figures(self.orders_today, self.orders_today * 2_491, 4_350)

    async def sales_by_day(self, *, until: date, days: int, currency: str) -> list[DailySales]:
        self._check()
        sold = [
            70_000 + (index * 7_919) % 43_000 + (35_000 if index % 7 in (4, 5) else 0)
            for index in range(days)
        ]
        return [
            DailySales(
                day=until - timedelta(days=days - 1 - index),
                figures=figures(amount // 2_500, amount, 160_000 if index == 11 else 2_000),
            )
            for index, amount in enumerate(sold)
        ]

    async def top_products(
        self, *, until: date, days: int, currency: str, limit: int = 10
    ) -> list[TopProduct]:
        self._check()
        return [
            TopProduct(
                product_id=item.id,
                title=item.title,
                units=240 - 23 * i,
                net=pounds(91_200 - 8_000 * i),
            )
            for i, item in enumerate(self.catalog.items[:limit])
        ]

    async def latest_orders(self, *, limit: int = 10) -> list[LatestOrder]:
        self._check()
        return [
            LatestOrder(
                order_id=UUID(int=i),
                number=1042 - i,
                placed_at=NOW - timedelta(minutes=4 * i),
                country=("GB", "DE", "FR", None)[i % 4],
                units=1 + i % 5,
                total=pounds(1_299 + 777 * i),
            )
            for i in range(limit)
        ]


@dataclass
class FakeFreshness:
    state: str = "ok"
    known_at: datetime = NOW - timedelta(seconds=40)
    checked_at: datetime | None = NOW - timedelta(seconds=3)
    down: bool = False

    async def report(self) -> FreshnessReport:
        if self.down:
            raise Unavailable
        empty = self.state == "empty"
        table = TableFreshness(
            table="fct_order_lines", version=41, rows=319_845, updated_at=self.known_at
        )
        return FreshnessReport(
            state=self.state,
            published_at=None if empty else self.known_at,
            known_at=None if empty else self.known_at,
            checked_at=None if empty else self.checked_at,
            position=None if empty else 1,
            tables=[] if empty else [table],
        )


@dataclass
class FakePipelines:
    """A refresh that was blocked, told by mail, before it one that went well."""

    down: bool = False

    async def runs(self, *, kind: RunKind | None = None, limit: int = 50) -> list[RunView]:
        if self.down:
            raise Unavailable
        found = [self._run(1, "blocked", 2.4), self._run(0, "succeeded", 0.8)]
        return [run for run in found if kind in (None, run.kind)][:limit]

    async def run(self, *, run_id: str) -> RunDetail | None:
        if run_id != "run-1":
            return None
        at = NOW - timedelta(minutes=1)
        failing = StepView(name="order_total", kind="test", state="failed", detail="Got 3 results")
        model = StepView(name="fct_orders", kind="model", state="succeeded", seconds=0.2, rows=7)
        said = LogLineView(at=at, step="order_total", level="error", text="no good\nselect 1 < 2")
        run = self._run(1, "blocked", 2.4)
        return RunDetail(**run.model_dump(), steps=[model, failing], logs=[said])

    async def alerts(self, *, open_only: bool = False, limit: int = 50) -> list[AlertView]:
        if self.down:
            raise Unavailable
        sent = DeliveryView(
            channel="mail", kind="raised", created_at=NOW, sent_at=NOW, attempts=1, failure=""
        )
        alert = AlertView(
            id=1, key="publishing", title="New numbers are not published: a check failed",
            detail="order_total: Got 3 results", severity="error", count=4,
            opened_at=NOW, last_at=NOW, deliveries=[sent],
        )  # fmt: skip
        over = {"id": 2, "key": "source:fx", "title": "fx cannot be read", "resolved_at": NOW}
        return [alert, alert.model_copy(update=over)]

    def _run(self, number: int, state: RunState, seconds: float) -> RunView:
        failing = "order_total" if state == "blocked" else None
        return RunView(
            id=f"run-{number}", kind="refresh", name="gold", trigger="loop", state=state,
            started_at=NOW - timedelta(minutes=2 - number), seconds=seconds, rows=12_345,
            failing_step=failing, detail="Got 3 results" if failing else "",
        )  # fmt: skip


@dataclass(frozen=True)
class FakeLag:
    """What the event log says of a consumer."""

    consumer: str
    lag: int = 0
    parked: int = 0
    dead: int = 0

"""The console's numbers come from what is published, and follow it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

pytest.importorskip("duckdb")

import duckdb

from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.storage import LakeRoot
from bodega.insight.freshness import PublishedFreshness
from bodega.insight.gold import GoldReader
from bodega.insight.metrics import GoldMetrics
from bodega.kernel.clock import FixedClock
from bodega.kernel.money import Money

TEAPOT, CUP = UUID(int=1), UUID(int=2)
TABLES = [
    GoldTable("mart_daily_sales"),
    GoldTable("mart_product_sales", "order_month"),
    GoldTable("dim_products"),
    GoldTable("fct_orders", "order_month"),
]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute("create schema gold")
    con.execute(
        "create table gold.mart_daily_sales (date date, currency varchar, orders bigint, "
        "units bigint, returned_units bigint, gross_amount bigint, returns_amount bigint, "
        "net_amount bigint)"
    )
    con.execute(
        "create table gold.mart_product_sales (date date, order_month varchar, product_id varchar, "
        "currency varchar, units bigint, returned_units bigint, net_amount bigint)"
    )
    con.execute("create table gold.dim_products (product_id varchar, title varchar)")
    con.execute(
        "create table gold.fct_orders (order_id varchar, number bigint, status varchar, "
        "country varchar, units bigint, total_amount bigint, currency varchar, "
        "order_month varchar, occurred_at timestamptz)"
    )
    con.execute(
        "insert into gold.mart_daily_sales values "
        "('2026-03-01', 'GBP', 2, 3, 1, 900, 200, 700), ('2026-03-01', 'EUR', 1, 1, 0, 50, 0, 50), "
        "('2026-02-27', 'GBP', 1, 1, 0, 100, 0, 100)"
    )
    con.executemany(
        "insert into gold.mart_product_sales values (?, ?, ?, ?, ?, ?, ?)",
        [
            ["2026-03-01", "2026-03", str(TEAPOT), "GBP", 1, 0, 300],
            ["2026-03-01", "2026-03", str(CUP), "GBP", 3, 1, 400],
            ["2026-03-01", "2026-03", str(CUP), "EUR", 9, 0, 9000],
            ["2026-02-27", "2026-02", str(TEAPOT), "GBP", 1, 0, 150],
        ],
    )
    con.execute(
        "insert into gold.dim_products values (?, 'Teapot'), (?, 'Cup')", [str(TEAPOT), str(CUP)]
    )
    con.executemany(
        "insert into gold.fct_orders values (?, ?, ?, 'GB', 1, 250, 'GBP', '2026-03', ?)",
        [
            [str(UUID(int=n)), n, status, datetime(2026, 3, 1, n, tzinfo=UTC)]
            for n, status in ((1, "paid"), (2, "cancelled"), (3, "pending"))
        ],
    )
    return con


def published(lake: Path, con: duckdb.DuckDBPyConnection) -> None:
    publish(con, lake, TABLES, known_at=NOW, position=77, now=NOW)


def gbp(amount: int) -> Money:
    return Money(amount=amount, currency="GBP")


async def test_with_no_lake_every_answer_is_zero_or_empty(tmp_path: Path) -> None:
    metrics = GoldMetrics(GoldReader(tmp_path))
    today = await metrics.sales_on(day=date(2026, 3, 1), currency="GBP")
    assert (today.orders, today.gross, today.net) == (0, gbp(0), gbp(0))
    assert len(await metrics.sales_by_day(until=date(2026, 3, 1), days=7, currency="GBP")) == 7
    assert await metrics.top_products(until=date(2026, 3, 1), days=7, currency="GBP") == []
    assert await metrics.latest_orders() == []


async def test_days_are_complete_and_currencies_apart(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    published(tmp_path, warehouse)
    metrics = GoldMetrics(GoldReader(tmp_path))
    today = await metrics.sales_on(day=date(2026, 3, 1), currency="GBP")
    assert (today.orders, today.units) == (2, 3)
    assert (today.gross, today.returned, today.net) == (gbp(900), gbp(200), gbp(700))

    days = await metrics.sales_by_day(until=date(2026, 3, 1), days=4, currency="GBP")
    assert [(d.day.day, d.figures.net.amount) for d in days] == [
        (26, 0),
        (27, 100),
        (28, 0),
        (1, 700),
    ]


async def test_top_products_are_ranked_by_net_sales_of_the_days_asked_for(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    published(tmp_path, warehouse)
    metrics = GoldMetrics(GoldReader(tmp_path))
    day = await metrics.top_products(until=date(2026, 3, 1), days=1, currency="GBP")
    assert [(p.title, p.units, p.net.amount) for p in day] == [("Cup", 2, 400), ("Teapot", 1, 300)]
    week = await metrics.top_products(until=date(2026, 3, 1), days=7, currency="GBP", limit=1)
    assert [(p.product_id, p.net.amount) for p in week] == [(TEAPOT, 450)]


async def test_the_latest_orders_come_first_and_cancelled_ones_do_not(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    published(tmp_path, warehouse)
    orders = await GoldMetrics(GoldReader(tmp_path)).latest_orders()
    assert [order.number for order in orders] == [3, 1]
    assert orders[0].placed_at == datetime(2026, 3, 1, 3, tzinfo=UTC)


async def test_a_reader_follows_the_next_publishing(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    metrics = GoldMetrics(GoldReader(tmp_path))
    assert await metrics.latest_orders() == []
    published(tmp_path, warehouse)
    assert len(await metrics.latest_orders()) == 2
    warehouse.execute("update gold.fct_orders set status = 'paid'")
    published(tmp_path, warehouse)
    assert len(await metrics.latest_orders()) == 3


async def test_freshness_tells_empty_from_fresh_from_late(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    clock = FixedClock(NOW)
    freshness = PublishedFreshness(tmp_path, clock)
    assert (await freshness.report()).state == "empty"
    published(tmp_path, warehouse)
    assert (await freshness.report()).state == "late", "no pipelines have vouched for it"

    LakeRoot(tmp_path).write_json("status.json", {"checked_at": NOW.isoformat()})
    report = await freshness.report()
    assert (report.state, report.position, report.known_at) == ("ok", 77, NOW)
    assert [(t.table, t.rows) for t in report.tables][:2] == [
        ("dim_products", 2),
        ("fct_orders", 3),
    ]
    clock.at += timedelta(minutes=2)
    assert (await freshness.report()).state == "late"

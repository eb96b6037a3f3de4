"""A published warehouse of four lines, two payments and a shelf."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("duckdb")

import duckdb

from bodega.data.lake.publish import GoldTable, publish

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINES = """create table gold.fct_order_lines as select * from (values
    ('a', false, 'product', 'cup', 3, 900, 'GBP', date '2026-03-01', '2026-03', 'GB',
        null::varchar),
    ('b', false, 'product', 'pot', 1, 100, 'GBP', date '2026-02-27', '2026-02', 'FR', null),
    ('a', true, 'product', 'cup', -1, -300, 'GBP', date '2026-03-02', '2026-03', 'GB', null)
) t(order_id, is_return, kind, product_id, quantity, total_amount, currency, order_date,
    order_month, country, source)"""
DAYS = """create table gold.mart_daily_sales as select * from (values
    (date '2026-03-01', 'GBP', 1, 3, 0, 900, 0, 900),
    (date '2026-02-27', 'GBP', 1, 1, 0, 100, 0, 100),
    (date '2026-03-02', 'GBP', 0, 0, 1, 0, 300, -300)
) t(date, currency, orders, units, returned_units, gross_amount, returns_amount, net_amount)"""
OTHERS = """
create table gold.fct_orders as select * from (values
    ('a', 'paid', 1, 'GBP'), ('b', 'paid', 1, 'GBP'), ('c', 'cancelled', 1, 'GBP')
) t(order_id, status, line_count, currency);
create table gold.mart_sales_cube as select 'total' as level, 'GBP' as currency, 700 as net_amount;
create table gold.mart_customers as select * from (values
    ('u', 'GBP', 2, 900, 'loyal', '2026-01', 'GB', false),
    ('v', 'GBP', 1, 100, 'new', '2026-02', 'FR', true)
) t(buyer_key, currency, orders, net_amount, segment, cohort_month, country, is_guest);
create table gold.mart_inventory as select 'stock:main' as location_key, 'cup' as product_id,
    7 as on_hand, 2100 as value_amount, 'GBP' as currency;
create table gold.fct_payments as select * from (values
    (date '2026-03-01', 'stripe', 'captured', null, 'GBP'),
    (date '2026-03-01', 'stripe', 'failed', 'card_declined', 'GBP')
) t(payment_date, provider, status, failure_code, currency);
create table gold.mart_payments as
    select payment_date as date, provider, status, currency, count(*) as payments,
        count(failure_code) as failures
    from gold.fct_payments group by all;
"""
TABLES = ("fct_order_lines", "mart_daily_sales", "fct_orders", "mart_sales_cube", "mart_customers")
TABLES += ("mart_inventory", "fct_payments", "mart_payments")


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("create schema gold")
        con.execute(LINES)
        con.execute(DAYS)
        con.execute(OTHERS)
        yield con


@pytest.fixture
def lake(tmp_path: Path, warehouse: duckdb.DuckDBPyConnection) -> Path:
    lake = tmp_path / "lake"
    publish(warehouse, lake, [GoldTable(name) for name in TABLES], known_at=NOW, position=1)
    return lake

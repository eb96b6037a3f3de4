"""Lakes of their own for tests of quality, and a small warehouse without dbt."""

from collections.abc import Iterator

import pytest

pytest.importorskip("deltalake")

import duckdb

from bodega.testing.fixtures import lake_in_folder

__all__ = ["lake_in_folder"]

ORDER = '{"id": "%s", "subtotal_amount": %d, "total_amount": %d, "currency": "GBP"}'


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse of two orders, as the transforms would leave it."""
    with duckdb.connect() as con:
        for schema in ("bronze", "staging", "silver", "gold", "meta"):
            con.execute(f"create schema {schema}")
        con.execute("create table meta.bronze (table_name varchar, version int, since bigint)")
        con.execute("create table meta.refresh as select 1 as batch")
        con.execute("insert into meta.bronze values ('shop__orders_orders', 1, 10)")
        con.execute(
            "create table bronze.shop__orders_orders "
            "(key varchar, after varchar, _op varchar, _position bigint, _sequence int)"
        )
        con.executemany(
            "insert into bronze.shop__orders_orders values (?, ?, ?, ?, ?)",
            [
                ["a", ORDER % ("a", 1, 1), "c", 10, 0],  # seen before
                ["a", ORDER % ("a", 300, 350), "u", 20, 0],
                ["b", ORDER % ("b", 100, 100), "c", 20, 1],
                ["c", ORDER % ("c", 7, 7), "c", 21, 0],
                ["c", None, "d", 22, 0],
                ["z", ORDER % ("z", 9, 9), "c", 40, 0],  # not complete yet
            ],
        )
        con.execute(
            "create table staging.orders as select * from (values "
            "('a', 300::bigint, 350::bigint, 'GBP', false), ('b', 100, 100, 'GBP', false), "
            "('c', 7, 7, 'GBP', true), ('old', 5, 5, 'GBP', false)) "
            "t(key, subtotal_amount, total_amount, currency, _deleted)"
        )
        con.execute(
            "create table silver.orders as select key as id, 'paid' as status, total_amount, "
            "currency, 1 as _batch from staging.orders where not _deleted"
        )
        con.execute(
            "create table silver.order_lines as select key as id, key as order_id, 1 as quantity, "
            "total_amount, currency from staging.orders where not _deleted"
        )
        for name in ("returns", "return_lines"):
            con.execute(
                f"create table silver.{name} as select '' as id, '' as return_id, 0 as quantity, "
                "0 as total_amount, '' as currency where false"
            )
        con.execute("create table gold.fct_orders as select id as order_id, * from silver.orders")
        con.execute("create table gold.fct_order_lines as select * from silver.order_lines")
        yield con

"""The kit that users import: lakes, played sources, a day to gold, assertions that explain."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec

import pytest

if find_spec("dbt") is None:
    pytest.skip("needs the lake's libraries", allow_module_level=True)

from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.errors import SourceUnreachable
from bodega.testing.fixtures import lake_in_folder, lake_in_memory
from bodega.testing.lake import PlayedSource, TestLake, orders_of_a_day
from bodega.testing.tables import (
    assert_filled,
    assert_refers,
    assert_rows,
    assert_sum,
    assert_unique,
)

__all__ = ["lake_in_folder", "lake_in_memory"]
DECLARED = """
sources:
  suppliers:
    kind: files
    streams: {prices: {path: in/*.csv, key: [sku], fields: {price: "decimal(12,2)"}}}
mappings:
  goods:
    key: [sku]
    columns: {sku: string, price: "decimal(12,2)"}
    from: [{stream: suppliers.prices, fields: {sku: sku, price: price}}]
"""


def test_declared_sources_are_read_into_a_lake_in_memory(lake_in_memory: TestLake) -> None:
    lake = lake_in_memory
    lake.declare(DECLARED)
    lake.file("in/monday.csv", "sku,price\nA,2.50\nB,dear\n")
    assert lake.read("suppliers.prices").set_aside == 1
    stream = Stream(name="prices", key=("sku",))
    assert_rows(lake.rows("suppliers", stream), [{"sku": "A", "price": Decimal("2.50")}])
    ((why, raw),) = lake.rejected("suppliers", stream)
    assert (why, "dear" in raw) == ("price: not a decimal(12,2)", True)
    with pytest.raises(KeyError):
        lake.read("suppliers.nothing")


def test_played_sources_fail_where_told(lake_in_folder: TestLake) -> None:
    stream = Stream(name="things", key=("id",))
    source = PlayedSource([[{"id": 1}], [{"id": 2}]], fails_at=1)
    with pytest.raises(SourceUnreachable):
        lake_in_folder.load("played", source, stream)
    source.fails_at = None
    lake_in_folder.load("played", source, stream)
    assert_rows(lake_in_folder.rows("played", stream), [{"id": 1}, {"id": 2}])
    copied = lake_in_folder.copy(lake_in_folder.folder.with_name("copy"))
    assert len(copied.rows("played", stream)) == 2


def test_a_day_of_orders_reaches_gold(lake_in_folder: TestLake) -> None:
    """Runs dbt: a day in a test is what this part of the kit is for."""
    lake = lake_in_folder
    monday = datetime(2026, 11, 16, 10, tzinfo=UTC)
    lake.commit(*orders_of_a_day(monday, [250, 1999]))
    assert "mart_daily_sales" in lake.build()
    rows = lake.gold("select date, orders, net_amount from gold.mart_daily_sales")
    first = {"date": monday.date(), "orders": 2, "net_amount": 2249}
    assert_rows(rows, [first])
    tuesday = monday + timedelta(days=1)
    lake.commit(*orders_of_a_day(tuesday, [1]))
    lake.build()
    rows = lake.gold("select date, orders, net_amount from gold.mart_daily_sales")
    assert_rows(rows, [first, {"date": tuesday.date(), "orders": 1, "net_amount": 1}])


ROWS = [{"id": 1, "of": None}, {"id": 2, "of": 1}]


def test_assertions_pass_what_is_right() -> None:
    assert_rows(ROWS, reversed(ROWS))
    assert_rows(ROWS, [{"id": 1}, {"id": 2}], columns=["id"])
    assert_unique(ROWS, ["id"])
    assert_filled(ROWS, ["id"])
    assert_sum(ROWS, "id", 3)
    assert_refers(ROWS, "of", ROWS, "id")
    assert_unique([{"sku": "A"}, {"sku": "B"}], "sku")
    assert_filled([{"sku": "A"}], "sku")
    odd = {"tags": ["a", {"b": 1}], "rate": math.nan}
    assert_rows([odd], [{"tags": ["a", {"b": 1}], "rate": float("nan")}])


def test_assertions_say_what_is_wrong() -> None:
    with pytest.raises(AssertionError, match=r"1 rows missing.*\n1 rows too many"):
        assert_rows(ROWS, [ROWS[0], {"id": 3, "of": 1}])
    with pytest.raises(AssertionError, match="1 rows too many"):
        assert_rows([ROWS[0], ROWS[0]], [ROWS[0]])
    with pytest.raises(AssertionError, match="more than once"):
        assert_unique([ROWS[0], ROWS[0]], ["id"])
    with pytest.raises(AssertionError, match="nulls in"):
        assert_filled(ROWS, ["of"])
    with pytest.raises(AssertionError, match="is 3, not 4: -1"):
        assert_sum(ROWS, "id", 4)
    with pytest.raises(AssertionError, match="1 of 2 rows have no of"):
        assert_sum(ROWS, "of", 1)
    with pytest.raises(AssertionError, match="no column price; there are id, of"):
        assert_filled(ROWS, "price")
    with pytest.raises(AssertionError, match="refer to nothing"):
        assert_refers(ROWS, "of", [{"id": 9}], "id")

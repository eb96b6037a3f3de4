"""Publishing writes what changed and moves readers in one step, or not at all."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from bodega.data.lake import publish as publishing
from bodega.data.lake import rewrite
from bodega.data.lake.access import AccessLog
from bodega.data.lake.diff import diff
from bodega.data.lake.errors import LakeIncomplete
from bodega.data.lake.policy import GOLD
from bodega.data.lake.publish import GoldTable, publish, vacuum
from bodega.data.lake.published import read_published
from bodega.data.lake.query import query
from bodega.data.lake.storage import LakeRoot

LINES = GoldTable("lines", "order_month")
PRODUCTS = GoldTable("products")
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema gold")
    con.execute("create table gold.products as select 'p1' as id, 'Cup' as title")
    con.execute(
        "create table gold.lines as "
        "select * from (values ('2026-01', 'l1', 100), ('2026-02', 'l2', 200)) "
        "t(order_month, id, amount)"
    )
    return con


def put(con: duckdb.DuckDBPyConnection, lake: Path, position: int = 1) -> dict[str, list[str]]:
    return publish(con, lake, [LINES, PRODUCTS], known_at=AT, position=position)


def amounts(lake: Path) -> list[tuple[Any, ...]]:
    return query(lake, "select order_month, id, amount from gold.lines order by 1, 2").rows


def test_the_first_publishing_writes_everything_and_the_second_nothing(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    assert put(warehouse, tmp_path) == {"lines": ["2026-01", "2026-02"], "products": [""]}
    assert put(warehouse, tmp_path, position=2) == {}
    published = read_published(tmp_path)
    assert published.position == 2
    assert published.tables["lines"].version == 0
    assert published.tables["lines"].rows == 2


def test_a_changed_an_added_and_an_emptied_partition_are_written_and_no_other(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute("insert into gold.lines values ('2025-12', 'l0', 50)")
    put(warehouse, tmp_path)
    warehouse.execute("update gold.lines set amount = 201 where id = 'l2'")
    warehouse.execute("insert into gold.lines values ('2026-03', 'l3', 300)")
    warehouse.execute("delete from gold.lines where id = 'l0'")
    untouched = _files(tmp_path, "2026-01")
    assert put(warehouse, tmp_path) == {"lines": ["2025-12", "2026-02", "2026-03"]}
    assert amounts(tmp_path) == [
        ("2026-01", "l1", 100),
        ("2026-02", "l2", 201),
        ("2026-03", "l3", 300),
    ]
    assert _files(tmp_path, "2026-01") == untouched


@pytest.mark.parametrize("lost", ["lines", "lines/order_month=2026-01"])
@pytest.mark.parametrize("sold", [False, True], ids=["daily-look", "sale"])
def test_what_was_lost_of_gold_is_written_again(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, lost: str, sold: bool
) -> None:
    put(warehouse, tmp_path)
    shutil.rmtree(tmp_path / "gold" / lost)
    if sold:
        warehouse.execute("insert into gold.lines values ('2026-02', 'l3', 5)")
        warehouse.execute("insert into gold.products values ('p2', 'Pot')")
    with pytest.raises(LakeIncomplete, match="build --full"):
        amounts(tmp_path)
    touched = {"lines", "products"} if sold else None
    publish(warehouse, tmp_path, [LINES, PRODUCTS], known_at=AT, position=2, touched=touched)
    assert sum(amount for *_, amount in amounts(tmp_path)) == (305 if sold else 300)
    assert query(tmp_path, "select count(*) from gold.products").rows == [(1 + sold,)]


def test_a_crash_before_the_pointer_moves_leaves_readers_on_the_old_set_until_the_next_publishing(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(warehouse, tmp_path)
    old = amounts(tmp_path)
    warehouse.execute("update gold.lines set amount = 999 where id = 'l1'")

    def crash(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "advance", crash)
        with pytest.raises(OSError, match="disk full"):
            put(warehouse, tmp_path)
    assert amounts(tmp_path) == old

    # The change is taken back before the next publishing: what the crash left must not show.
    warehouse.execute("update gold.lines set amount = 100 where id = 'l1'")
    warehouse.execute("update gold.lines set amount = 222 where id = 'l2'")
    put(warehouse, tmp_path)
    assert amounts(tmp_path) == [("2026-01", "l1", 100), ("2026-02", "l2", 222)]


def test_a_new_column_rewrites_the_table_and_old_rows_have_it(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    put(warehouse, tmp_path)
    warehouse.execute("alter table gold.lines add column kind varchar default 'product'")
    assert put(warehouse, tmp_path) == {"lines": ["2026-01", "2026-02"]}
    assert query(tmp_path, "select kind, count(*) from gold.lines group by 1").rows == [
        ("product", 2)
    ]


def test_a_table_that_is_parted_otherwise_is_written_anew(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    put(warehouse, tmp_path)
    for table in (GoldTable("lines"), LINES):
        publish(warehouse, tmp_path, [table], known_at=AT, position=2)
        parted = DeltaTable(str(tmp_path / "gold" / "lines")).metadata().partition_columns
        assert parted == ([table.partition_by] if table.partition_by else [])
        assert len(amounts(tmp_path)) == 2


def test_vacuum_keeps_the_last_day_and_always_what_readers_see(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    put(warehouse, tmp_path)
    warehouse.execute("update gold.lines set amount = 1")
    put(warehouse, tmp_path)
    assert vacuum(tmp_path) == 0
    assert vacuum(tmp_path, replace(GOLD, keep_hours=0)) == 2
    assert amounts(tmp_path) == [("2026-01", "l1", 1), ("2026-02", "l2", 1)]


def _files(lake: Path, month: str) -> list[str]:
    return [uri for uri in DeltaTable(str(lake / "gold" / "lines")).file_uris() if month in uri]


DATED = GoldTable("dated", "month", day="day")


def test_a_large_month_is_written_by_the_day(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a day that was written so lies by itself: nothing else is touched after that."""
    monkeypatch.setattr(rewrite, "LARGE", 1)
    warehouse.execute(
        """create table gold.dated as select strftime(day, '%Y-%m') as month, day, n as amount
           from (select date '2026-01-30' + (n % 4)::int as day, n from range(40) t(n))"""
    )

    def put() -> set[str]:
        publish(warehouse, tmp_path, [DATED], known_at=AT, position=1)
        version = read_published(tmp_path).tables["dated"].version
        return set(DeltaTable(str(tmp_path / "gold" / "dated"), version=version).file_uris())

    first = put()
    warehouse.execute("update gold.dated set amount = 0 where day = date '2026-01-30'")
    second = put()
    assert len(first - second) == 1, "January's, which held two days"
    assert len(second) == 3
    warehouse.execute("delete from gold.dated where day = date '2026-01-30' and amount = 0")
    warehouse.execute("insert into gold.dated values ('2026-01', date '2026-01-30', 7)")
    third = put()
    assert (len(second - third), len(third - second)) == (1, 1)
    warehouse.execute("delete from gold.dated where day = date '2026-01-30'")
    assert put() == third & second, "the day is gone, and its file with it"
    found = query(tmp_path, "select sum(amount), count(*) from gold.dated").rows
    assert found == warehouse.execute("select sum(amount), count(*) from gold.dated").fetchall()


def test_two_versions_are_compared_by_currency_and_who_asked_is_kept(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute("alter table gold.lines rename amount to net_amount")
    warehouse.execute("alter table gold.lines add column currency varchar default 'EUR'")
    put(warehouse, tmp_path)
    warehouse.execute("insert into gold.lines values ('2026-02', 'l3', 1000, 'JPY')")
    warehouse.execute("update gold.lines set net_amount = 201 where id = 'l2'")
    put(warehouse, tmp_path, position=2)
    root = LakeRoot(tmp_path)
    found = diff(root, "gold.lines", 0, 1)
    assert found.sums == {"net_amount EUR": (300, 301), "net_amount JPY": (0, 1000)}
    assert (found.rows, found.only_before, found.only_after) == ((2, 3), 1, 2)
    (read,) = AccessLog(root).reads()
    assert (read.via, read.tables, read.rows) == ("diff", ["gold.lines"], 3)

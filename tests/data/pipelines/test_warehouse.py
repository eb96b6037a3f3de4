"""The warehouse's database is opened by dbt and by us, also while it spills to disk."""

from pathlib import Path

import duckdb
import pytest

from bodega.data.pipelines.warehouse import Warehouse

LARGE = "create temp table t as select md5(i::varchar) as h from range(3000000) r(i)"


def test_a_database_that_has_spilt_is_opened_once_more(lake: Path) -> None:
    warehouse = Warehouse(lake, memory_mb=60)
    with warehouse.open() as con:
        con.execute(LARGE)
        assert any(warehouse.spill.iterdir())
        with warehouse.open() as beside:
            assert beside.execute("select 1").fetchone() == (1,)


def kept(warehouse: Warehouse) -> None:
    """Something in the file, and nothing in its log."""
    with warehouse.open() as con:
        con.execute("create table kept as select md5(i::varchar) as h from range(20000) r(i)")
        con.execute("checkpoint")


def tables(warehouse: Warehouse) -> list[str]:
    with warehouse.open() as con:
        return [
            name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()
        ]


@pytest.mark.parametrize(
    ("first", "last"), [(0, 16), (4096, 12288), (12288, None)], ids=["magic", "headers", "blocks"]
)
def test_a_damaged_file_is_set_aside_and_begun_anew(
    lake: Path, first: int, last: int | None
) -> None:
    warehouse = Warehouse(lake)
    kept(warehouse)
    whole = bytearray(warehouse.path.read_bytes())
    whole[first:last] = bytes(byte ^ 255 for byte in whole[first:last])
    warehouse.path.write_bytes(whole)
    assert "kept" not in tables(warehouse)
    assert warehouse.damaged.exists()
    assert "refresh" in tables(warehouse)


def test_damage_that_shows_only_when_it_is_read_is_set_aside_then(lake: Path) -> None:
    warehouse = Warehouse(lake)
    kept(warehouse)
    whole = bytearray(warehouse.path.read_bytes())
    block = 12288 + 262144  # the first block holds the names, the rows follow
    whole[block + 4096 : block + 8192] = bytes(4096)
    warehouse.path.write_bytes(whole)
    with pytest.raises(duckdb.Error, match="Corrupt"), warehouse.open() as con:
        con.execute("select count(distinct h) from kept").fetchone()
    assert "kept" not in tables(warehouse)


def test_an_error_in_a_query_leaves_the_file_alone(lake: Path) -> None:
    warehouse = Warehouse(lake)
    kept(warehouse)
    with pytest.raises(duckdb.Error), warehouse.open() as con:
        con.execute("select 'Corrupt'::int")
    assert "kept" in tables(warehouse)

"""The warehouse's database is opened by dbt and by us, also while it spills to disk."""

from pathlib import Path

from bodega.data.pipelines.warehouse import Warehouse

LARGE = "create temp table t as select md5(i::varchar) as h from range(3000000) r(i)"


def test_a_database_that_has_spilt_is_opened_once_more(lake: Path) -> None:
    warehouse = Warehouse(lake, memory_mb=60)
    with warehouse.open() as con:
        con.execute(LARGE)
        assert any(warehouse.spill.iterdir())
        with warehouse.open() as beside:
            assert beside.execute("select 1").fetchone() == (1,)

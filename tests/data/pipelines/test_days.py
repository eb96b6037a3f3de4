"""A backfill of a day: its rows are built anew from bronze, nothing else is touched, and it may be
killed at any moment."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from bodega.data.lake.published import read_published, table_files
from bodega.data.operations.runs import runs
from bodega.data.pipelines.days import Days, DaysMalformed
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.refresh import refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.bronze import Source, booked, order, order_line, payment, return_line, returned
from tests.data.conftest import Refresh

DAY = date(2026, 2, 3)
Rows = Callable[[str], list[tuple[Any, ...]]]
LINES = "select line_id, total_amount, _batch from intermediate.int_sales_lines order by 1"


class Killed(BaseException):
    """What no handler catches, as a kill would be."""


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory, plan: Plan, empty_warehouse: Path) -> Path:
    """Sales and a return on four days of two months, published; each test has a copy."""
    lake = tmp_path_factory.mktemp("sold") / "lake"
    shutil.copytree(empty_warehouse.parent / "dbt", lake / "dbt")
    shutil.copy(empty_warehouse, lake)
    source = Source(lake)
    for number, at in enumerate(("2026-01-30", "2026-02-02", "2026-02-03", "2026-02-03")):
        time = f"{at}T10:00:00Z"
        source.commit(
            order(f"o{number}", number=number, total=250, at=time),
            order_line(f"l{number}", f"o{number}", at=time),
        )
    source.commit(
        returned("r1", total=250, order_id="o3", at="2026-02-05T10:00:00Z"),
        return_line("rl1", "r1", at="2026-02-05T10:00:00Z"),
    )
    capture = booked("e1", "p1", kind="capture", cash=250, sales=-250)
    source.commit(payment("p1", amount=250), *capture)
    source.flush()
    warehouse = Warehouse(lake, memory_mb=512)
    assert refresh(warehouse, plan).state == "published"
    return lake


@pytest.fixture
def history(lake: Path, sold: Path, plan: Plan) -> Refresh:
    shutil.copytree(sold, lake)
    warehouse = Warehouse(lake, memory_mb=512)
    return lambda **asked: refresh(warehouse, plan, **asked)


def files(lake: Path, table: str) -> dict[str, set[str]]:
    """Of the published version, by partition."""
    version = read_published(lake).tables[table].version
    actions = DeltaTable(str(lake / "gold" / table), version=version).get_add_actions(flatten=True)
    found: dict[str, set[str]] = {}
    for path in actions.column("path").to_pylist():
        found.setdefault(path.rpartition("/")[0], set()).add(path)
    return found


def days_in(lake: Path) -> dict[str, int]:
    """Rows of February's published files, by the days that each holds."""
    uris = table_files(
        lake, "fct_order_lines", read_published(lake).tables["fct_order_lines"].version
    )
    with duckdb.connect() as con:
        found = [
            con.execute(
                "select string_agg(distinct order_date::varchar, ' ' order by order_date::varchar)"
                f", count(*) from '{uri}'"
            ).fetchall()[0]
            for uri in uris
            if "2026-02" in uri
        ]
    return dict(found)


def prints(lake: Path) -> dict[str, dict[str, str]]:
    return {name: table.prints for name, table in read_published(lake).tables.items()}


def spoil(lake: Path) -> None:
    """Rows of the day as they should not be: changed, lost, made up."""
    with Warehouse(lake).open() as con:
        con.execute("update staging.orders set total_amount = 1 where id = 'o2'")
        con.execute("delete from staging.order_lines where id = 'l3'")
        con.execute(
            "update intermediate.int_sales_lines set total_amount = 0 where order_date = ?", [DAY]
        )
        con.execute(
            """insert into intermediate.int_sales_lines by name
               select * replace ('made up' as line_id) from intermediate.int_sales_lines
               where line_id = 'l2'"""
        )


def test_a_day_is_built_anew_and_nothing_else_is_touched(
    lake: Path, history: Refresh, warehouse_rows: Rows
) -> None:
    before, lines, good = files(lake, "fct_order_lines"), warehouse_rows(LINES), prints(lake)
    spoil(lake)

    outcome = history(days=Days(first=DAY, last=DAY))

    assert (outcome.state, outcome.days) == ("published", ["2026-02-03"])
    assert prints(lake) == good
    after = files(lake, "fct_order_lines")
    assert after["order_month=2026-01"] == before["order_month=2026-01"]
    assert not after["order_month=2026-02"] & before["order_month=2026-02"], "it shared a file"
    assert days_in(lake) == {"2026-02-03": 2, "2026-02-02 2026-02-05": 2}
    assert set(outcome.written) == {"fct_orders", "fct_order_lines", "fct_payments"}
    touched = {new[0] for old, new in zip(lines, warehouse_rows(LINES), strict=True) if old != new}
    assert touched <= {"l2", "l3", "rl1"}, "the return of one of its orders is looked at, too"
    (newest, *_) = runs(lake)
    assert (newest.kind, newest.name, newest.state) == ("backfill", "2026-02-03", "succeeded")
    assert history().state == "nothing"

    spoil(lake)
    assert history(days=Days(first=DAY, last=DAY)).state == "published"
    again = files(lake, "fct_order_lines")["order_month=2026-02"]
    assert len(again - after["order_month=2026-02"]) == 1, "only the file that holds the day"
    assert len(after["order_month=2026-02"] - again) == 1
    assert prints(lake) == good


@pytest.mark.soak
def test_a_backfill_of_payments_leaves_sales_alone(lake: Path, history: Refresh) -> None:
    good = prints(lake)
    with Warehouse(lake).open() as con:
        con.execute("update staging.payments set amount_amount = 1")
        con.execute("delete from staging.ledger_lines")
    outcome = history(days=Days(first=DAY, last=DAY, tables=("fct_payments",)))
    assert outcome.state == "published"
    assert prints(lake) == good


def test_whoever_refreshes_after_a_kill_finishes_the_backfill(
    lake: Path, history: Refresh, warehouse_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> Any:
        raise Killed

    good = prints(lake)
    spoil(lake)
    with monkeypatch.context() as dying:
        dying.setattr("bodega.data.pipelines.refresh.build", die)
        for _ in range(2):
            with pytest.raises(Killed):
                history(days=Days(first=DAY, last=DAY))
    assert prints(lake) == good, "readers see what they saw"
    assert warehouse_rows("select count(*) from staging.orders") == [(2,)]

    outcome = history()

    assert outcome.days == ["2026-02-03"]
    assert prints(lake) == good
    assert warehouse_rows("select count(*) from staging.orders") == [(4,)]
    assert warehouse_rows("select count(*) from meta.days") == [(0,)]
    assert [run.state for run in runs(lake)][:3] == ["succeeded", "failed", "failed"]


def test_days_come_in_chunks() -> None:
    whole = Days(first=date(2026, 1, 30), last=date(2026, 2, 3))
    assert [str(days) for days in whole.chunks(2)] == [
        "2026-01-30..2026-01-31",
        "2026-02-01..2026-02-02",
        "2026-02-03",
    ]
    assert len(whole.each()) == 5


@pytest.mark.parametrize(
    ("last", "tables"),
    [(date(2026, 2, 2), ()), (DAY, ("dim_products",))],
    ids=["backwards", "no-days"],
)
def test_days_that_make_no_sense_are_refused(last: date, tables: tuple[str, ...]) -> None:
    with pytest.raises(DaysMalformed):
        Days(first=DAY, last=last, tables=tables)

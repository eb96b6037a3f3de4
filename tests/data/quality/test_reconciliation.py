"""Every hop of a load is counted on both sides, and a difference keeps it from the readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.gate import Gate
from bodega.data.quality.history import History
from bodega.testing.lake import TestLake


def admit(con: duckdb.DuckDBPyConnection, lake: Path) -> list[str]:
    return Gate(lake).admit(con, ["shop__orders_orders"], 30)


def test_a_load_that_agrees_passes_and_is_remembered(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert admit(con, tmp_path) == []
    kept = History(LakeRoot(tmp_path)).rows("reconciliations", "hop = 'bronze → silver'")
    told = {row["measure"]: (row["source"], row["target"]) for row in kept}
    assert told["rows"] == ("2", "2")
    assert told["subtotal_amount GBP"] == ("400", "400")
    assert told["total_amount GBP"] == ("450", "450")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("delete from staging.orders where key = 'b'", "orders, rows: 2 ≠ 1"),
        ("update staging.orders set key = 'B' where key = 'b'", "orders, rows: 2 ≠ 1"),
        ("update staging.orders set total_amount = 349 where key = 'a'", "GBP: 450 ≠ 449"),
        ("update staging.orders set _deleted = false where key = 'c'", "orders, rows: 2 ≠ 3"),
        ("update gold.fct_order_lines set quantity = 2 where id = 'a'", "quantity GBP: 3 ≠ 4"),
        ("delete from gold.fct_order_lines where id = 'a'", "rows GBP: 3 ≠ 2"),
        ("update gold.fct_orders set status = 'cancelled'", "fct_orders, checksum GBP"),
    ],
    ids=["lost", "renamed", "a-cent", "undeleted", "units", "line", "status"],
)
def test_what_differs_is_held_back_and_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, damage: str, said: str
) -> None:
    con.execute(damage)
    failures = admit(con, tmp_path)
    assert any(said in failure for failure in failures), failures
    kept = History(LakeRoot(tmp_path)).rows("reconciliations", "not agrees")
    assert kept


def test_history_forgets_by_its_days(tmp_path: Path) -> None:
    history, now = History(LakeRoot(tmp_path)), datetime(2026, 11, 21, tzinfo=UTC)
    row = {"load": "1", "hop": "a → b", "table_name": "t", "measure": "rows"}
    row |= {"source": "1", "target": "1"}
    for days in (100, 10, 1):
        when = {"noted_at": now - timedelta(days=days), "agrees": True}
        history.append("reconciliations", [row | when])
    history.tidy(keep_days=90, now=now)
    kept = history.rows("reconciliations")
    assert [(now - found["noted_at"]).days for found in kept] == [1, 10]


SOURCES = """
sources:
  suppliers:
    kind: files
    streams: {prices: {path: "in/*.csv", key: [sku], fields: {price: "decimal(12,2)"}}}
"""


def test_a_read_of_a_source_is_counted_in_the_lake_again(lake_in_folder: TestLake) -> None:
    from bodega.data.quality.loads import reconcile_load

    lake_in_folder.declare(SOURCES)
    lake_in_folder.file("in/a.csv", "sku,price\nA,2.50\nB,dear\nC,0.10\n")
    lake_in_folder.read("suppliers.prices")
    lake_in_folder.file("in/b.csv", "sku,price,unit\nA,2.50,\nC,0.20,kg\n")
    report = lake_in_folder.read("suppliers.prices")
    lines = {line.measure: line for line in reconcile_load(lake_in_folder.root, report)}
    assert all(line.agrees for line in lines.values()), lines
    assert (report.unchanged, lines["rows"].source) == (0, "2")
    assert lines["price"].source == "2.7"

    report.tally.sums["price"] += 1  # what the source had and the lake has not
    wrong = [line for line in reconcile_load(lake_in_folder.root, report) if not line.agrees]
    assert [line.measure for line in wrong] == ["price"]
    kept = History(lake_in_folder.root).rows("reconciliations", "hop = 'source → bronze'")
    assert {row["table_name"] for row in kept} == {"suppliers__prices"}
    assert [row["measure"] for row in kept if not row["agrees"]] == ["price"]

"""Rows that were set aside come back once, at their place, by the road of fresh rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from bodega.data.ingest.sources.config import SourcesFile, read_sources
from bodega.data.ingest.sources.contract import Stream
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.dead import HIDDEN, DeadUnknown, dead_rows
from bodega.data.quality.history import History
from bodega.data.quality.policy import read_policy
from bodega.data.quality.redrive import Driven, EditRefused, Repair, redrive
from bodega.testing.lake import TestLake
from bodega.testing.tables import assert_rows
from tests.data.bronze import Source, order

SOURCES = """
sources:
  suppliers:
    kind: files
    streams:
      prices:
        path: in/*.csv
        key: [sku]
        fields: {price: "decimal(12,2)"}
        contract: {types: %s}
      facts: {path: "facts/*.csv", fields: {n: integer}}
"""


@pytest.fixture
def lake(lake_in_folder: TestLake) -> TestLake:
    lake_in_folder.declare(SOURCES % "drop_row")
    lake_in_folder.file("in/monday.csv", "sku,price,email\nA,2.50,\nB,dear,ada@example.com\n")
    lake_in_folder.read("suppliers.prices")
    return lake_in_folder


def declared(lake: TestLake) -> SourcesFile:
    return read_sources(lake.folder / "sources.yml")


def stream(lake: TestLake, name: str = "prices") -> Stream:
    found = declared(lake).stream(f"suppliers.{name}")
    assert found is not None
    return found


def prices(lake: TestLake) -> dict[str, str]:
    return {row["sku"]: str(row["price"]) for row in lake.rows("suppliers", stream(lake))}


def drive(lake: TestLake, id: str, *, drop: bool = False, **edits: str | None) -> Driven:
    repair = Repair("operator:ada", "the supplier's typo", edits, drop=drop)
    return redrive(lake.root, declared(lake), [id], repair)[0]


def test_a_row_is_listed_with_its_reason_and_without_the_person(lake: TestLake) -> None:
    (row,) = dead_rows(lake.root)
    assert (row.table, row.reason) == ("bronze.suppliers__prices", "price: not a decimal(12,2)")
    assert row.shown(read_policy()) == {"sku": "B", "price": "dear", "email": HIDDEN}
    assert dead_rows(lake.root, reason="DECIMAL") == [row]
    assert dead_rows(lake.root, reason="date") == []
    assert dead_rows(lake.root, table="bronze.suppliers__facts") == []


def test_an_edited_row_counts_once_however_often_it_is_driven(lake: TestLake) -> None:
    (row,) = dead_rows(lake.root)
    assert drive(lake, row.id).outcome == "still"
    assert drive(lake, row.id, price="12.505").detail == "price: not a decimal(12,2)"
    assert drive(lake, row.id, price="12.50").outcome == "driven"
    assert drive(lake, row.id, price="99.00").outcome == "already"
    assert prices(lake) == {"A": "2.50", "B": "12.50"}
    assert dead_rows(lake.root) == []
    kept = History(lake.root).rows("redrives", "outcome = 'driven'")
    assert [(r["by"], r["why"], json.loads(r["edits"])) for r in kept] == [
        ("operator:ada", "the supplier's typo", {"price": "12.50"})
    ]


def test_what_came_later_still_counts_for_more(lake: TestLake) -> None:
    (row,) = dead_rows(lake.root)
    lake.file("in/tuesday.csv", "sku,price,email\nB,7.00,\n")
    lake.read("suppliers.prices")
    assert drive(lake, row.id, price="12.50").outcome == "driven"
    assert prices(lake)["B"] == "7.00"


def test_a_changed_contract_is_enough(lake: TestLake) -> None:
    (row,) = dead_rows(lake.root)
    lake.declare(SOURCES % "drop_value")
    assert drive(lake, row.id).outcome == "driven"
    assert prices(lake)["B"] == "None"


def test_a_row_that_arrived_twice_alike_is_one(lake: TestLake) -> None:
    lake.file("in/again.csv", "sku,price,email\nB,dear,ada@example.com\nC,1.00,\n")
    lake.read("suppliers.prices")
    (row,) = dead_rows(lake.root)
    assert len(row.alike) == 2
    drive(lake, row.id, price="12.50")
    assert dead_rows(lake.root) == []


def test_a_line_that_could_not_be_split_is_what_edits_say_and_nothing_without(
    lake_in_folder: TestLake,
) -> None:
    lake = lake_in_folder
    lake.declare(SOURCES % "drop_row")
    lake.file("facts/1.csv", 'n,what\n1,a\n2,"b\n')
    lake.read("suppliers.facts")
    (row,) = dead_rows(lake.root)
    done = drive(lake, row.id)
    assert (done.outcome, done.detail.partition(":")[0]) == ("still", "line")
    assert drive(lake, row.id, n="2", what="b").outcome == "driven"
    facts = lake.rows("suppliers", stream(lake, "facts"))
    assert sorted((one["n"], one["what"]) for one in facts) == [(1, "a"), (2, "b")]


def test_a_row_can_be_given_up(lake: TestLake) -> None:
    (row,) = dead_rows(lake.root)
    assert drive(lake, row.id, drop=True).outcome == "dropped"
    assert drive(lake, row.id, price="1.00").outcome == "already"
    assert prices(lake) == {"A": "2.50"}
    assert dead_rows(lake.root) == []


def test_the_next_reading_goes_on_as_if_nothing_had_been(lake: TestLake) -> None:
    (row,) = dead_rows(lake.root)
    drive(lake, row.id, price="12.50")
    lake.file("in/tuesday.csv", "sku,price,email\nA,2.50,\nB,12.50,ada@example.com\nC,3.00,\n")
    report = lake.read("suppliers.prices")
    assert (report.unchanged, report.kept) == (2, 1)
    assert prices(lake) == {"A": "2.50", "B": "12.50", "C": "3.00"}


def test_facts_come_back_into_their_reading_and_go_with_it(lake: TestLake) -> None:
    lake.file("facts/f.csv", "n\n1\nx\n3\n")
    lake.read("suppliers.facts")
    (row,) = dead_rows(lake.root, table="bronze.suppliers__facts")
    assert drive(lake, row.id, n="2").outcome == "driven"
    facts = stream(lake, "facts")
    assert_rows(lake.rows("suppliers", facts), [{"n": 1}, {"n": 2}, {"n": 3}])
    lake.file("facts/f.csv", "n\n7\ny\n")
    lake.read("suppliers.facts")
    assert_rows(lake.rows("suppliers", facts), [{"n": 7}])
    (newer,) = dead_rows(lake.root, table="bronze.suppliers__facts")
    assert newer.row == {"n": "y"}


@pytest.mark.parametrize("id", ["nothing", "suppliers__none:1-2", "suppliers__prices"])
def test_an_id_that_names_nothing_is_refused(lake: TestLake, id: str) -> None:
    with pytest.raises(DeadUnknown):
        drive(lake, id)


def refused(lake: Path) -> tuple[Source, LakeRoot, str]:
    """An order of an unknown status, as the pipelines say of it after a load."""
    source = Source(lake)
    position = source.commit(order("o1", number=1, total=250, status="lost", email="p1.a.b.c"))
    source.flush()
    root = LakeRoot(lake)
    key = json.dumps({"id": "o1"})
    row: dict[str, Any] = {"bronze_table": "shop__orders_orders", "key": key}
    row |= {"reason": "status: unknown", "position": position}
    from datetime import UTC, datetime

    History(root).replace("rejects", [row | {"noted_at": datetime.now(UTC)}])
    return source, root, dead_rows(root)[0].id


def test_a_row_of_the_shop_comes_back_as_one_more_change(tmp_path: Path) -> None:
    source, root, id = refused(tmp_path / "lake")
    (row,) = dead_rows(root)
    assert (row.layer, row.reason, row.row["status"]) == ("silver", "status: unknown", "lost")
    assert row.shown(read_policy())["email"] == HIDDEN
    root.write_json("bronze/_feed.json", {"position": source.position + 500})

    def driven(**edits: str) -> Driven:
        return redrive(root, SourcesFile(), [id], Repair("operator:ada", "typo", edits))[0]

    assert driven().outcome == "still"
    with pytest.raises(EditRefused, match="email is personal"):
        driven(email="ada@example.com")
    assert driven(status="paid").outcome == "driven"
    assert driven(status="paid").outcome == "already"
    rows = root.delta("bronze/shop__orders_orders").to_pyarrow_table().to_pylist()
    assert len(rows) == 2
    newest = max(rows, key=lambda one: one["_position"])
    assert newest["_position"] == source.position + 501
    assert json.loads(newest["after"])["status"] == "paid"
    assert json.loads(newest["before"])["by"] == "operator:ada"
    with pytest.raises(EditRefused, match="cannot be given up"):
        redrive(root, SourcesFile(), [id], Repair("operator:ada", "no", {}, drop=True))

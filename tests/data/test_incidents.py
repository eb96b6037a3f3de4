"""What goes wrong between a source and the numbers, each with what an operator then sees.

How single rules work stands in `tests/data/ingest/sources`; here whole readings go wrong as they
do in life, and are looked at from where an operator sits: the report, rows set aside, checks,
freshness, alerts. Rows of the shop that silver refuses: `pipelines/test_refresh.py`.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("deltalake")

from bodega.apps.reading import read_one
from bodega.apps.repair import drive_again, set_aside
from bodega.apps.sources import read_all, rows_of
from bodega.backbone.settings import Settings, load_settings
from bodega.data.ingest.sources.config import read_sources
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import alerts
from bodega.data.quality.freshness import TableAge, freshness
from bodega.data.quality.history import History
from bodega.data.quality.late import tell_late
from bodega.data.quality.policy import read_policy
from bodega.data.quality.redrive import Repair
from bodega.kernel.clock import FixedClock
from bodega.testing.doubles import serve_double

TABLE = "bronze.suppliers__prices"
SOURCES = """
sources:
  suppliers:
    kind: files
    streams:
      prices:
        path: in/*.csv
        key: [sku]
        version: changed
        known_at: changed
        fields: {price: "decimal(12,2)", stock: integer, weight: number, changed: timestamp}
"""
MONDAY = """sku,price,stock,weight,changed
A,2.50,10,0.5,2026-11-16T06:00:00Z
B,4.00,20,1.5,2026-11-16T06:00:00Z
"""


PRICE_NEEDED = 'price: {type: "decimal(12,2)", required: true}'


class Operator:
    """Sits before a lake and reads what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: Settings = load_settings(
            data_dir=folder / "data",
            lake_url=None,
            sources_file=folder / "sources.yml",
            quality_file=folder / "quality.yml",
        )
        self.root = LakeRoot.of(self.settings)
        (folder / "in").mkdir()
        self.declare(SOURCES)

    def declare(self, text: str) -> None:
        (self.folder / "sources.yml").write_text(text)

    def arrives(self, name: str, content: str | bytes) -> LoadReport:
        path = self.folder / "in" / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        (report,) = read_all(self.settings, "suppliers", full=False)
        assert report.rows == report.kept + report.unchanged + report.set_aside
        assert report.reconciled is not False
        return report

    def rows(self, as_of: datetime | None = None) -> dict[str, dict[str, Any]]:
        names, rows = rows_of(
            self.settings, "suppliers.prices", rejected=False, as_of=as_of, limit=100
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return {row["sku"]: row for row in found}

    def failing(self) -> dict[str, str]:
        """Checks that fail now, and what they found."""
        newest = History(self.root).ask(
            "results",
            "select check_name, passed, observed from results qualify row_number() over "
            "(partition by table_name, check_name order by noted_at desc) = 1",
        )
        return {row["check_name"]: row["observed"] for row in newest if not row["passed"]}

    def dead(self) -> dict[str, str]:
        """By reason, an id."""
        return {row["reason"]: row["id"] for row in set_aside(self.settings)}

    def age(self, now: datetime) -> TableAge:
        file = read_sources(self.settings.sources_file)
        ages = freshness(self.root, read_policy(), file, FixedClock(now))
        tell_late(self.root, ages)
        return next(age for age in ages if age.table.startswith("bronze.api"))

    def alerted(self) -> set[str]:
        return {alert.key for alert in alerts(self.root.work, open_only=True)}


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_the_source_adds_a_column(operator: Operator) -> None:
    operator.arrives("monday.csv", MONDAY)
    report = operator.arrives(
        "tuesday.csv",
        "sku,price,stock,weight,changed,unit\nA,2.75,9,0.5,2026-11-17T06:00:00Z,kg\n",
    )
    assert report.columns_added == ["unit"]
    assert operator.failing() == {
        "columns sent": "new: unit",
        "columns as before": "new: unit",
    }  # a warning: nothing is held up
    assert operator.rows()["A"]["unit"] == "kg"
    assert operator.rows()["B"]["unit"] is None
    assert (operator.dead(), report.error) == ({}, None)


def test_the_source_renames_a_column(operator: Operator) -> None:
    operator.declare(SOURCES.replace('price: "decimal(12,2)"', PRICE_NEEDED))
    operator.arrives("monday.csv", MONDAY)
    report = operator.arrives("tuesday.csv", MONDAY.replace("price", "cost").replace("16T", "17T"))
    assert (report.kept, report.set_aside) == (0, 2)
    assert operator.failing()["columns sent"] == "new: cost, not sent: price"
    assert operator.failing()["rows set aside"] == "price: required, and missing (2)"
    assert str(operator.rows()["A"]["price"]) == "2.50", "the last good prices stand"
    id = operator.dead()["price: required, and missing"]
    mended = Repair("operator:ada", "cost is the price now", {"price": "2.60"})
    assert drive_again(operator.settings, [id], mended)[0].outcome == "driven"
    assert len(set_aside(operator.settings)) == 1


def test_the_source_retypes_a_column(operator: Operator) -> None:
    operator.arrives("monday.csv", MONDAY)
    tuesday = MONDAY.replace("16T", "17T").replace("2.50", "2.50 EUR").replace("4.00", "4.00 EUR")
    report = operator.arrives("tuesday.csv", tuesday)
    assert report.rejected == {"price: not a decimal(12,2)": 2}
    assert str(operator.rows()["A"]["price"]) == "2.50"
    operator.declare(
        SOURCES.replace("        fields", "        contract: {types: evolve}\n        fields")
    )
    ids = [row["id"] for row in set_aside(operator.settings)]
    driven = drive_again(operator.settings, ids, Repair("operator:ada", "kept as text now", {}))
    assert [one.outcome for one in driven] == ["driven", "driven"]
    assert operator.rows()["A"]["price"] is None
    assert operator.rows()["A"]["price__text"] == "2.50 EUR"
    assert operator.dead() == {}


def test_the_source_sends_nan_overflow_and_broken_text(operator: Operator) -> None:
    operator.declare(SOURCES.replace("key:", "dialect: {encoding: utf-8}\n        key:"))
    report = operator.arrives(
        "monday.csv",
        MONDAY.encode()
        + b"C,1.00,1,NaN,2026-11-16T06:00:00Z\n"
        + b"D,1.00,9223372036854775808,1,2026-11-16T06:00:00Z\n"
        + b"E,99999999999.99,1,1,2026-11-16T06:00:00Z\n"
        + b"F\xff\xfe\xc3,1.00,1,1,2026-11-16T06:00:00Z\n",
    )
    assert (report.kept, report.set_aside) == (2, 4)
    assert set(operator.dead()) == {
        "weight: not a finite number",
        "stock: not an integer of 64 bits",
        "price: not a decimal(12,2)",
        "line: not valid UTF-8",
    }
    assert operator.rows().keys() == {"A", "B"}
    line = operator.dead()["line: not valid UTF-8"]
    edits = {"sku": "F", "price": "1.00", "changed": "2026-11-16T06:00:00Z"}
    driven = drive_again(operator.settings, [line], Repair("operator:ada", "by phone", edits))
    assert driven[0].outcome == "driven"
    assert str(operator.rows()["F"]["price"]) == "1.00"
    given_up = Repair("operator:ada", "no such goods", {}, drop=True)
    drive_again(operator.settings, [*operator.dead().values()], given_up)
    assert operator.dead() == {}


API = """
sources:
  api:
    kind: rest
    base_url: {url}
    schedule: every 15 minutes
    manners: {{attempts: 1, patience_seconds: 1}}
    streams: {{tickets: {{path: tickets, key: [id]}}}}
"""


def test_the_source_is_down_for_an_hour(operator: Operator) -> None:
    answers: list[dict[str, int]] = [{"id": 1}]

    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers)

    with serve_double(handle) as url:
        operator.declare(API.format(url=url))
        assert read_one(operator.settings, "api").ok
    began = datetime.now(UTC)
    assert operator.age(began).state == "ok"

    answers.append({"id": 2})  # it happens while nobody answers
    assert read_one(operator.settings, "api").ok is False
    assert operator.age(began + timedelta(minutes=20)).state == "warn"
    late = operator.age(began + timedelta(hours=1))
    assert late.state == "late"
    assert "no answer" in late.why
    assert operator.alerted() == {"source:api", "freshness:bronze.api__tickets"}

    with serve_double(handle, int(url.rsplit(":", 1)[1])):
        assert read_one(operator.settings, "api").said == "1 rows kept"
    assert operator.age(datetime.now(UTC)).state == "ok"
    assert operator.alerted() == set()


def test_the_source_sends_yesterdays_file_twice(operator: Operator) -> None:
    operator.arrives("monday.csv", MONDAY)
    before = History(operator.root).rows("reconciliations")
    again = operator.arrives("tuesday.csv", MONDAY)  # the same content under today's name
    assert (again.rows, again.kept) == (0, 0)
    longer = operator.arrives("wednesday.csv", MONDAY + "C,1.00,1,1,2026-11-16T06:00:00Z\n")
    assert (longer.unchanged, longer.kept) == (2, 1)
    assert operator.rows().keys() == {"A", "B", "C"}
    assert operator.failing() == {}
    lines = History(operator.root).rows("reconciliations")[: -len(before)]
    rows = next(line for line in lines if line["measure"] == "rows")
    assert (rows["source"], rows["target"]) == ("3", "3")


def test_the_source_back_dates_a_correction(operator: Operator) -> None:
    operator.arrives("monday.csv", MONDAY)
    wednesday = MONDAY.replace("2.50", "2.90").replace("16T", "18T")
    operator.arrives("wednesday.csv", wednesday)
    late = "sku,price,stock,weight,changed\nA,2.70,10,0.5,2026-11-17T06:00:00Z\n"
    report = operator.arrives("late.csv", late)
    assert report.kept == 1
    assert str(operator.rows()["A"]["price"]) == "2.90", "Wednesday's word still counts"
    tuesday = operator.rows(as_of=datetime(2026, 11, 17, 12, tzinfo=UTC))
    assert str(tuesday["A"]["price"]) == "2.70", "and Tuesday is now told right"
    assert operator.failing() == {}

"""The warehouse from the command line: queries, builds, status, reconciliation."""

import csv
import io
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("deltalake")

import duckdb

from bodega.apps import cli
from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.query import NothingPublished
from bodega.data.pipelines.days import Days, DaysMalformed
from bodega.data.pipelines.loop import Loop
from bodega.data.pipelines.owner import ownership
from bodega.data.pipelines.refresh import Outcome
from tests.data.bronze import Source, order, order_line, product

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = ("fct_orders", "fct_order_lines", "mart_daily_sales", "dim_products", "dim_customers")
Bodega = Callable[..., tuple[int, str]]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "data" / "lake"


@pytest.fixture
def bodega(lake: Path, monkeypatch: pytest.MonkeyPatch) -> Bodega:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(lake.parent))
    monkeypatch.chdir(lake.parent.parent)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "160"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


@pytest.fixture
def published(lake: Path) -> Path:
    """One sale of two cups, in bronze and in gold."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute("create schema gold")
    con.execute("create table gold.fct_orders as select 'o1' order_id, 'paid' status")
    con.execute(
        "create table gold.fct_order_lines as select 'GBP' currency, 2::bigint quantity, "
        "500::bigint total_amount, false is_return, "
        "timestamptz '2026-03-01 12:00:00+00' occurred_at"
    )
    con.execute(
        "create table gold.mart_daily_sales as select date '2026-03-01' as date, 'GBP' currency, "
        "500::bigint gross_amount, 0::bigint returns_amount, 500::bigint net_amount"
    )
    con.execute("create table gold.dim_products as select 'p1' product_id, false is_inferred")
    con.execute("create table gold.dim_customers as select null::varchar id, true is_inferred")
    source = Source(lake)
    position = source.commit(
        product("p1"),
        order("o1", number=1, total=500),
        order_line("l1", "o1", quantity=2, total=500),
    )
    source.flush()
    tables = [GoldTable(name) for name in TABLES]
    publish(con, lake, tables, known_at=AT, position=position, now=AT)
    return lake


def test_a_query_answers_as_a_table_as_json_and_as_csv(published: Path, bodega: Bodega) -> None:
    sql = "select date, net_amount, null as nothing from gold.mart_daily_sales"
    code, table = bodega("query", sql)
    assert code == 0
    assert "net_amount" in table
    assert "2026-03-01" in table
    _, text = bodega("query", sql, "--format", "json")
    assert json.loads(text) == [{"date": "2026-03-01", "net_amount": 500, "nothing": None}]
    _, text = bodega("query", sql, "-f", "csv")
    assert list(csv.reader(io.StringIO(text))) == [
        ["date", "net_amount", "nothing"],
        ["2026-03-01", "500", ""],
    ]


def test_instants_are_rfc_3339_in_utc(published: Path, bodega: Bodega) -> None:
    _, text = bodega("query", "select occurred_at from gold.fct_order_lines", "-f", "json")
    assert json.loads(text) == [{"occurred_at": "2026-03-01T12:00:00Z"}]


def test_a_cut_answer_says_so_and_an_unknown_format_is_refused(
    published: Path, bodega: Bodega
) -> None:
    _, text = bodega("query", "from range(5)", "--limit", "2")
    assert "Only the first 2 rows" in text
    code, _ = bodega("query", "select 1", "--format", "xml")
    assert code == 2


def test_an_empty_lake_says_what_to_do(bodega: Bodega) -> None:
    with pytest.raises(NothingPublished, match="bodega lake build"):
        bodega("query", "select 1")


def test_status_tells_what_is_published_and_whether_pipelines_run(
    published: Path, bodega: Bodega
) -> None:
    code, text = bodega("lake", "status")
    assert code == 0
    assert "mart_daily_sales" in text
    assert "not running" in text
    with ownership(published):
        _, text = bodega("lake", "status", "--json")
    told = json.loads(text)
    assert told["running"] is True
    assert told["tables"]["fct_orders"] == {
        "version": 0,
        "rows": 1,
        "updated_at": "2026-03-01T12:00:00Z",
    }


def test_reconcile_agrees_or_fails(published: Path, bodega: Bodega) -> None:
    code, text = bodega("lake", "reconcile")
    assert code == 0
    assert "money sold" in text

    pointer = published / "published" / "current.json"
    told = json.loads(pointer.read_text())
    source = Source(published, position=9000)
    told["position"] = source.commit(order("o2", number=2, total=0))
    source.flush()
    pointer.write_text(json.dumps(told))
    code, text = bodega("lake", "reconcile", "--json")
    assert code == 1
    wrong = [line for line in json.loads(text) if not line["agrees"]]
    assert [(line["measure"], line["source"], line["gold"]) for line in wrong] == [("orders", 2, 1)]


def test_a_build_with_nothing_to_do_says_so(bodega: Bodega) -> None:
    code, text = bodega("lake", "build")
    assert code == 0
    assert "Nothing new" in text


def test_a_backfill_asks_the_running_pipelines_for_its_days_a_chunk_at_a_time(
    lake: Path, bodega: Bodega
) -> None:
    asked: list[str] = []

    class Noting:
        def refresh(self, *, days: Days | None = None, **_: object) -> Outcome:
            if days is None:
                return Outcome.nothing()
            asked.append(str(days))
            return Outcome(state="published", started_at=AT)

    stop = threading.Event()
    with ownership(lake):
        thread = threading.Thread(target=Loop(lake, Noting()).run, args=(stop,))
        thread.start()
        try:
            first, last = ("--from", "2026-02-01"), ("--to", "2026-02-03")
            code, _ = bodega(
                "lake", "backfill", *first, *last, "--table", "fct_orders", "--chunk", "2"
            )
        finally:
            stop.set()
            thread.join()
    assert code == 0
    assert asked == ["2026-02-01..2026-02-02 fct_orders", "2026-02-03 fct_orders"]


def test_a_backfill_of_what_is_no_day_is_refused(bodega: Bodega) -> None:
    assert bodega("lake", "backfill", "--from", "yesterday")[0] == 2
    with pytest.raises(DaysMalformed):
        bodega("lake", "backfill", "--from", "2026-02-03", "--table", "dim_products")


def test_a_build_asks_the_running_pipelines_and_shows_why_readers_were_spared(
    lake: Path, bodega: Bodega
) -> None:
    class Blocked:
        def refresh(self, *, full: bool = False, **_: object) -> Outcome:
            failures = ["order_total_is_the_sum_of_its_lines: Got 1 result"]
            return Outcome(state="blocked", full=full, started_at=AT, failures=failures)

    stop = threading.Event()
    with ownership(lake):
        thread = threading.Thread(target=Loop(lake, Blocked()).run, args=(stop,))
        thread.start()
        try:
            code, text = bodega("lake", "build", "--full")
        finally:
            stop.set()
            thread.join()
    assert code == 1
    assert "order_total_is_the_sum_of_its_lines" in text

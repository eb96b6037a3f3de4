"""Reads of the lake are written down by the reading itself, and the record shows what was done."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import bind_actor
from bodega.contracts.dex import InsightQuery
from bodega.data.lake.access import FOLDER, AccessLog, reader
from bodega.data.lake.errors import AccessUnrecorded, LakeUnavailable
from bodega.data.lake.paths import CATALOGUE
from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.query import query
from bodega.data.lake.storage import LakeRoot
from bodega.data.lake.touched import personal_columns, touched
from bodega.insight.gold import GoldReader
from bodega.insight.streams import GoldStreams
from bodega.kernel.clock import FixedClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Orders with a token, and days, which are nobody's; the catalogue knows of `nickname`."""
    with duckdb.connect() as con:
        con.execute("create schema gold")
        con.execute(
            "create table gold.fct_orders as select 'o1' as order_id, 't1' as email_token, "
            "'zed' as nickname, date '2026-03-01' as date"
        )
        con.execute("create table gold.dim_dates as select date '2026-03-01' as date")
        tables = [GoldTable("fct_orders"), GoldTable("dim_dates")]
        publish(con, tmp_path, tables, known_at=NOW, position=1, now=NOW)
    known = {"gold.fct_orders": {"columns": {"nickname": {"kind": "personal"}, "order_id": {}}}}
    LakeRoot(tmp_path).write_json(CATALOGUE, {"tables": known})
    return tmp_path


def lines(lake: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for path in sorted((lake / FOLDER).glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_a_read_of_personal_columns_is_recorded_with_who_when_and_what_for(lake: Path) -> None:
    query(lake, "select * from gold.fct_orders", purpose="a complaint")
    (read,) = AccessLog(lake).reads(personal=True)
    assert read.who == reader()
    assert read.who.startswith("os:")
    assert (read.via, read.tables, read.rows) == ("query", ["gold.fct_orders"], 1)
    assert read.personal == ["gold.fct_orders.email_token", "gold.fct_orders.nickname"]
    assert read.purpose == "a complaint"
    assert datetime.now(UTC) - read.at < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("sql", "personal"),
    [
        ("select order_id from gold.fct_orders", []),
        ("select count(*) from gold.fct_orders", []),
        ("select order_id from gold.fct_orders where email_token = 't1'", ["email_token"]),
        ("with x as (select nickname as n from gold.fct_orders) select n from x", ["nickname"]),
        ("from gold.fct_orders f select f", ["email_token", "nickname"]),
        ("select date from gold.dim_dates", []),
    ],
    ids=["public", "count", "filter", "renamed", "whole", "other"],
)
def test_what_is_read_is_what_the_engine_reads(lake: Path, sql: str, personal: list[str]) -> None:
    query(lake, sql)
    (read,) = AccessLog(lake).reads()
    assert read.personal == [f"gold.fct_orders.{name}" for name in personal]


def test_where_the_plan_does_not_tell_every_personal_column_counts(lake: Path) -> None:
    with duckdb.connect() as con:
        con.execute("create schema gold")
        con.execute("create table gold.fct_orders (order_id varchar, nickname varchar)")
        sql = "select order_id from gold.fct_orders where order_id = ?"
        read = touched(con, sql, [], personal_columns(lake))
    assert read.personal == ["gold.fct_orders.nickname"]


def test_the_reader_cannot_switch_the_record_off(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    query(lake, "select email_token from gold.fct_orders")
    assert "somebody-else" not in AccessLog(lake).reads()[0].who
    with pytest.raises(ValidationError, match="lake_access_days"):
        Settings(_env_file=None, lake_access_days=0)
    for path in (lake / FOLDER).iterdir():
        path.unlink()
    (lake / FOLDER).rmdir()
    (lake / FOLDER).write_text("in the way")
    with pytest.raises(AccessUnrecorded):
        query(lake, "select email_token from gold.fct_orders")


def test_lines_changed_or_taken_out_are_found(lake: Path) -> None:
    clock = FixedClock(NOW)
    log = AccessLog(lake, clock)
    for number in range(4):
        clock.at += timedelta(hours=9)
        log.note("query", tables=[f"gold.t{number}"], who="os:ada")
    days = sorted((lake / FOLDER).glob("*.jsonl"))
    assert len(days) == 3
    assert log.check() == []
    whole = days[1].read_text()
    days[1].write_text(whole.replace("os:ada", "os:bob", 1))
    assert [broken.reason for broken in log.check()] == ["what stood before it was changed"]
    days[1].write_text("".join(whole.splitlines(keepends=True)[1:]))
    assert log.check() != []
    days[1].write_text("nonsense\n" + whole)
    assert "it is no entry" in {broken.reason for broken in log.check()}
    days[1].write_text(whole)
    assert log.check() == []


def test_days_go_when_they_are_no_longer_kept_and_the_rest_stays_whole(lake: Path) -> None:
    clock = FixedClock(NOW)
    log = AccessLog(lake, clock)
    for _ in range(3):
        log.note("query", tables=["gold.t"])
        clock.at += timedelta(days=20)
    assert log.tidy(keep_days=50) == 1
    assert len(log.reads()) == 2
    assert log.check() == []


async def test_reads_of_the_api_are_batched_and_personal_ones_are_not(lake: Path) -> None:
    gold = GoldReader(lake)
    bind_actor("staff:7")
    try:
        for _ in range(3):
            await gold.rows("select date from gold.dim_dates")
        assert lines(lake) == []
        streams = GoldStreams(lake, gold)
        stream = await streams.open(InsightQuery(dataset="fct_orders"))
        assert [line["personal"] for line in lines(lake)] == [
            ["gold.fct_orders.email_token", "gold.fct_orders.nickname"]
        ]
        assert b"zed" in b"".join([chunk async for chunk in stream])
    finally:
        bind_actor(None)
    assert gold.access.flush() == 0
    assert gold.access.flush(now=True) == 1
    newest, stream_read = gold.access.reads(who="staff:7")
    assert (newest.via, newest.tables, newest.times) == ("metrics", ["gold.dim_dates"], 3)
    assert newest.rows is None
    assert stream_read.via == "insights"


def test_a_line_that_a_crash_cut_short_does_not_swallow_the_next(lake: Path) -> None:
    log = AccessLog(lake)
    log.note("query", tables=["gold.a"])
    (day,) = (lake / FOLDER).glob("*.jsonl")
    with day.open("ab") as file:
        file.write(b'{"at": "2026')
    log.note("query", tables=["gold.b"])
    assert len(day.read_bytes().splitlines()) == 3
    assert [broken.line for broken in log.check()] == [2]
    assert [read.tables for read in log.reads()] == [["gold.b"], ["gold.a"]]


def test_a_long_line_leaves_the_record_whole(lake: Path) -> None:
    for purpose in ("a", "b" * 200_000, "c"):
        query(lake, "select email_token from gold.fct_orders", purpose=purpose)
    assert AccessLog(lake).check() == []
    assert len(AccessLog(lake).reads()) == 3


def test_the_command_line_shows_and_checks_the_record(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODEGA_LAKE_URL", str(lake))
    monkeypatch.setenv("BODEGA_DATA_DIR", str(lake))

    def bodega(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
        return done.exit_code, done.output

    assert bodega("query", "select nickname from gold.fct_orders", "--purpose", "a test")[0] == 0
    assert bodega("query", "select date from gold.dim_dates")[0] == 0
    told = json.loads(bodega("lake", "audit", "--json")[1])
    assert [one["tables"] for one in told] == [["gold.dim_dates"], ["gold.fct_orders"]]
    code, text = bodega("lake", "audit", "--personal")
    assert code == 0
    assert "a test" in text
    assert "dim_dates" not in text
    assert bodega("lake", "audit", "--check") == (0, "The record is whole.\n")
    (day,) = (lake / FOLDER).glob("*.jsonl")
    day.write_text(day.read_text().replace("a test", "nothing", 1))
    assert bodega("lake", "audit", "--check")[0] == 1


@pytest.fixture
def machines(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> list[AccessLog]:
    """Two that share the lake and keep their own folders, each with a read."""
    made = [
        AccessLog(LakeRoot(lake, work=tmp_path_factory.mktemp(name)), FixedClock(NOW))
        for name in ("one", "two")
    ]
    for log, who in zip(made, ("os:ada", "os:bob"), strict=True):
        log.note("query", tables=["gold.fct_orders"], who=who)
        assert log.share()
    return made


def copies(lake: Path) -> list[Path]:
    return sorted((lake / FOLDER).rglob("*.jsonl"))


def test_machines_that_share_a_lake_share_their_records(
    lake: Path, machines: list[AccessLog]
) -> None:
    one, two = machines
    assert len(copies(lake)) == 2
    assert {(read.who, bool(read.machine)) for read in one.reads()} == {
        ("os:ada", False),
        ("os:bob", True),
    }
    assert {read.who for read in two.reads()} == {"os:ada", "os:bob"}
    assert two.reads(who="ada", here=True) == []
    assert one.check() == two.check() == []
    one.note("query", tables=["gold.dim_dates"], who="os:ada")
    assert not one.share(), "once a minute is enough"
    assert one.share(now=True)
    assert len(two.reads(who="ada")) == 2


def test_a_record_rewritten_as_a_whole_is_found_beside_its_copy(
    lake: Path, machines: list[AccessLog]
) -> None:
    one, two = machines
    (day,) = one._days()
    day.write_text(day.read_text().replace("os:ada", "os:eve"))
    assert one.check(here=True) == [], "one line proves nothing by itself"
    assert [broken.reason for broken in one.check()] == ["it differs from its copy in the lake"]
    assert one.share(now=True)
    assert [read.who for read in two.reads(who="ada")] == ["os:ada"], "the copy stands"
    theirs = next(path for path in copies(lake) if "os:bob" in path.read_text())
    theirs.write_text("nonsense\n" + theirs.read_text())
    assert {(b.line, bool(b.machine)) for b in one.check()} >= {(1, True)}


def test_reads_go_on_while_the_lake_is_away_and_are_copied_when_it_is_back(
    lake: Path, machines: list[AccessLog]
) -> None:
    one, two = machines
    (lake / FOLDER).rename(lake / "elsewhere")
    (lake / FOLDER).write_text("in the way")
    one.note("query", tables=["gold.dim_dates"], who="os:ada")
    assert not one.share(now=True)
    with pytest.raises(LakeUnavailable):
        one.reads()
    assert len(one.reads(here=True)) == 2
    (lake / FOLDER).unlink()
    (lake / "elsewhere").rename(lake / FOLDER)
    assert one.share(now=True)
    assert len(two.reads(who="ada")) == 2
    one._clock.at += timedelta(days=40)  # type: ignore[attr-defined]
    assert one.tidy(keep_days=30) == 1
    assert copies(lake) == []

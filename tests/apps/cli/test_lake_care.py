"""Older versions and upkeep of the lake from the command line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("deltalake")

import duckdb

from bodega.apps import cli
from bodega.data.lake.diff import NoSuchTable
from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.query import query
from bodega.data.lake.sets import NoSuchSet, ReadersHeld, forget_sets, remembered
from bodega.data.lake.storage import LakeRoot

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = GoldTable("days")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gold as it was at noon, at one and at two: 100, 150 and 90 minor units."""
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lake = tmp_path / "lake"
    for hour, amount in enumerate((100, 150, 90)):
        put(lake, amount, FIRST + timedelta(hours=hour))
    return lake


def put(lake: Path, amount: int, now: datetime) -> None:
    with duckdb.connect() as con:
        con.execute("create schema gold")
        con.execute(f"create table gold.days as select 'mon' as day, {amount}::bigint net_amount")
        publish(con, lake, [DAYS], known_at=now, position=1, now=now)


def bodega(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, ["lake", *arguments], env={"COLUMNS": "160"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def amounts(lake: Path) -> list[tuple[int]]:
    return query(lake, "select net_amount from gold.days").rows  # type: ignore[return-value]


def test_history_lists_sets_and_the_versions_of_a_table(lake: Path) -> None:
    sets = json.loads(bodega("history", "--json"))
    assert [kept["set"] for kept in sets] == ["20260301T1400", "20260301T1300", "20260301T1200"]
    made = json.loads(bodega("history", "gold.days", "--json"))
    assert [commit["version"] for commit in made] == [2, 1, 0]
    assert "20260301T1400" in bodega("history", "--limit", "1")


def test_diff_tells_rows_and_money_apart(lake: Path) -> None:
    told = bodega("diff", "gold.days", "--from", "0", "--to", "2")
    assert "rows 1 → 1: -1 +1" in told
    assert "net_amount 100 → 90 (-10)" in told
    found = json.loads(bodega("diff", "days", "--from", "1", "--to", "2", "--json"))
    assert found["examples"] == [["-", "mon", 150], ["+", "mon", 90]]
    assert json.loads(bodega("diff", "days", "--from", "1", "--to", "1", "--json"))["rows"] == [
        1,
        1,
    ]


def test_readers_are_put_back_stay_there_and_are_let_go_again(lake: Path) -> None:
    assert "2026-03-01 13:00" in bodega("restore", "--at", "2026-03-01T13:30")
    assert amounts(lake) == [(150,)]
    bodega("restore", "--at", "2026-03-01T12:00")
    assert amounts(lake) == [(100,)]
    bodega("restore", "--latest")
    assert amounts(lake) == [(90,)]
    put(lake, 95, FIRST + timedelta(hours=3))
    assert amounts(lake) == [(95,)]


def test_who_is_put_back_while_something_is_built_stays_there(lake: Path) -> None:
    def meanwhile() -> Iterator[GoldTable]:
        yield DAYS
        bodega("restore", "--at", "2026-03-01T13:30")

    with duckdb.connect() as con:
        con.execute("create schema gold")
        con.execute("create table gold.days as select 'mon' as day, 7::bigint net_amount")
        for tables in (meanwhile(), [DAYS]):
            with pytest.raises(ReadersHeld):
                publish(con, lake, tables, known_at=FIRST, position=2)  # type: ignore[arg-type]
            assert amounts(lake) == [(150,)]
    bodega("restore", "--latest")
    assert amounts(lake) == [(90,)]


def test_what_is_not_kept_is_told(lake: Path) -> None:
    with pytest.raises(NoSuchSet, match="bodega lake history"):
        bodega("restore", "--at", "2026-02-01T00:00")
    with pytest.raises(NoSuchTable):
        bodega("history", "gold.nights")
    for version in ("99", "-1", str(2**70)):
        with pytest.raises(NoSuchTable):
            bodega("diff", "gold.days", "--from", "0", "--to", version)
    with pytest.raises(NoSuchTable):
        bodega("history", "../../etc.passwd")


def test_sets_are_forgotten_with_the_files_they_need_but_never_the_newest(lake: Path) -> None:
    root = LakeRoot(lake)
    forget_sets(root, older_than_hours=24, now=FIRST + timedelta(hours=25, minutes=30))
    assert remembered(root) == ["20260301T1400"]
    forget_sets(root, older_than_hours=24, now=FIRST + timedelta(days=30))
    assert remembered(root) == ["20260301T1400"]


def test_care_says_how_tables_lie_and_changes_nothing_on_a_dry_run(lake: Path) -> None:
    before = sorted(lake.rglob("*"))
    [state] = json.loads(bodega("care", "--dry-run", "--json"))
    assert (state["table"], state["version"], state["files"]) == ("gold.days", 2, 1)
    assert sorted(lake.rglob("*")) == before
    assert "0 files dropped" in bodega("care")
    assert amounts(lake) == [(90,)]

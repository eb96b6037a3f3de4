"""People may read the published tables, and nothing else of this machine."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.query import (
    BadQuery,
    NothingPublished,
    NotReadOnly,
    QueryTooLong,
    query,
)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    con = duckdb.connect()
    con.execute("create schema gold")
    con.execute("create table gold.numbers as select range as n from range(100)")
    publish(con, tmp_path, [GoldTable("numbers")], known_at=datetime.now(UTC), position=1)
    return tmp_path


def test_a_select_answers_with_names_and_rows(lake: Path) -> None:
    result = query(lake, "select n, n * 2 as twice from gold.numbers order by n limit 2")
    assert (result.columns, result.rows) == (["n", "twice"], [(0, 0), (1, 2)])
    assert not result.truncated


def test_a_long_answer_is_cut_and_says_so(lake: Path) -> None:
    result = query(lake, "from gold.numbers", limit=10)
    assert len(result.rows) == 10
    assert result.truncated


def test_an_empty_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="bodega lake build"):
        query(tmp_path, "select 1")


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{out}'",
        "create table x as select 1",
        "attach '{out}'",
        "set memory_limit = '10GB'",
        "install httpfs",
        "select 1; drop view gold.numbers",
        "explain analyze copy (select 1) to '{out}'",
        "export database '{out}'",
    ],
)
def test_anything_but_one_select_is_refused(lake: Path, tmp_path: Path, sql: str) -> None:
    out = tmp_path / "stolen"
    with pytest.raises(NotReadOnly):
        query(lake, sql.format(out=out))
    assert not out.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_csv('/etc/hosts')",
        "select * from glob('/*')",
        "select * from read_parquet('{lake}/gold/*/*.parquet')",
        "select * from read_json('{lake}/published/current.json')",
        "select * from query('copy (select 1) to ''{lake}/out''')",
        "select * from lake",
        "select * from gold.nothing",
    ],
)
def test_no_select_reaches_beyond_the_published_tables(lake: Path, sql: str) -> None:
    with pytest.raises(BadQuery):
        query(lake, sql.format(lake=lake))


def test_a_query_that_takes_too_long_is_stopped(lake: Path) -> None:
    endless = "select sum(a.range * b.range) from range(10000000) a, range(10000000) b"
    with pytest.raises(QueryTooLong):
        query(lake, endless, timeout_seconds=0.3)

"""Sources from the command line: list, check, discover, read, show."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("deltalake")

from bodega.apps import cli
from bodega.data.ingest.sources.errors import SourcesMalformed, SourceUnknown

Bodega = Callable[..., tuple[int, str]]
SOURCES = """
sources:
  suppliers:
    kind: files
    schedule: every 15 minutes
    streams:
      prices: {path: "in/*.csv", key: [sku], fields: {price: "decimal(12,2)"}}
      stock: {path: "in/*.parquet", key: [sku]}
"""


@pytest.fixture
def bodega(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bodega:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources.yml").write_text(SOURCES)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "monday.csv").write_text("sku,price\nA,2.50\nB,dear\n")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["sources", *arguments], env={"COLUMNS": "160"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def test_list_shows_streams_and_how_far_they_are(bodega: Bodega) -> None:
    code, said = bodega("list")
    assert code == 0
    assert "never" in said
    bodega("read", "suppliers.prices")
    prices, stock = json.loads(bodega("list", "--json")[1])
    assert (prices["stream"], prices["schedule"]) == ("prices", "every 15 minutes")
    assert prices["last_read"] is not None
    assert stock["last_read"] is None


def test_nothing_declared_says_what_to_do(bodega: Bodega, tmp_path: Path) -> None:
    (tmp_path / "sources.yml").unlink()
    assert "write a sources.yml" in bodega("list")[1]


def test_check_fails_when_a_stream_has_nothing(bodega: Bodega) -> None:
    code, said = bodega("check")
    assert code == 1
    assert "suppliers.stock: no file matches" in said
    assert bodega("check", "suppliers.prices")[0] == 0
    found = json.loads(bodega("check", "suppliers.prices", "--json")[1])
    assert found[0]["ok"] is True


def test_discover_shows_fields(bodega: Bodega) -> None:
    said = bodega("discover", "suppliers.prices")[1]
    assert "sku: string" in said
    assert "price: decimal(12,2)" in said
    assert "comma-separated" in said
    assert json.loads(bodega("discover", "suppliers.prices", "--json")[1])[0]["key"] == ["sku"]


def test_read_reports_and_reads_once(bodega: Bodega) -> None:
    code, said = bodega("read", "suppliers.prices")
    assert code == 0
    assert "2 rows read, 1 kept, 0 unchanged, 1 set aside" in said
    assert "price: not a decimal(12,2)" in said
    (report,) = json.loads(bodega("read", "suppliers.prices", "--json")[1])
    assert report["rows"] == 0
    (report,) = json.loads(bodega("read", "suppliers.prices", "--full", "--json")[1])
    assert (report["rows"], report["unchanged"]) == (2, 1)


def test_show_shows_what_counts_and_what_was_set_aside(bodega: Bodega) -> None:
    bodega("read", "suppliers.prices")
    (row,) = json.loads(bodega("show", "suppliers.prices", "--json")[1])
    assert (row["sku"], row["price"], row["_origin"]) == ("A", "2.50", "in/monday.csv")
    assert "dear" in bodega("show", "suppliers.prices", "--rejected")[1]
    past = bodega("show", "suppliers.prices", "--as-of", "2020-01-01", "--json")[1]
    assert json.loads(past) == []


def test_one_broken_stream_does_not_keep_the_others(bodega: Bodega, tmp_path: Path) -> None:
    (tmp_path / "in" / "x.parquet").write_text("no parquet")
    code, said = bodega("read")
    assert code == 1
    assert "suppliers.prices: 2 rows read" in said
    assert "stopped: x.parquet is no Parquet" in said


def test_what_is_not_declared_is_named(bodega: Bodega, tmp_path: Path) -> None:
    with pytest.raises(SourceUnknown, match="suppliers"):
        bodega("read", "nobody")
    with pytest.raises(SourceUnknown, match=r"suppliers\.stock"):
        bodega("read", "suppliers.nothing")
    (tmp_path / "sources.yml").write_text("sources: {a: {kind: files}}")
    with pytest.raises(SourcesMalformed):
        bodega("list")


@pytest.mark.parametrize("command", ["list", "check", "discover", "read", "show"])
def test_help_has_an_example(bodega: Bodega, command: str) -> None:
    assert "Example: bodega sources" in bodega(command, "--help")[1]


def test_due_sources_are_read_once_a_tick(bodega: Bodega, tmp_path: Path) -> None:
    (plan,) = json.loads(bodega("schedule", "--json")[1])
    assert (plan["due"], plan["last"]) == (True, None)
    assert "read suppliers" in bodega("schedule", "--run-due")[1]
    (plan,) = json.loads(bodega("schedule", "--json")[1])
    assert plan["due"] is False
    assert (plan["last"]["ok"], plan["last"]["said"]) == (True, "1 rows kept")
    assert "read suppliers" not in bodega("schedule", "--run-due")[1]
    (tmp_path / "sources.yml").write_text("")
    assert "No source has a `schedule`" in bodega("schedule")[1]


MAPPINGS = """
mappings:
  goods:
    key: [sku]
    columns: {sku: string, price: "decimal(12,2)"}
    from: [{stream: suppliers.prices, fields: {sku: sku, price: price}}]
"""


def test_reading_builds_the_mappings_over_it(bodega: Bodega, tmp_path: Path) -> None:
    (tmp_path / "sources.yml").write_text(SOURCES + MAPPINGS)
    bodega("read", "suppliers.prices")
    assert (tmp_path / "data" / "lake" / "silver" / "goods" / "_delta_log").is_dir()
    assert "silver/goods: 1 rows, 0 conflicts" in bodega("map", "goods")[1]
    assert json.loads(bodega("map", "goods", "--json")[1])["rows"] == 1
    with pytest.raises(SourceUnknown, match="goods"):
        bodega("map", "nothing")

"""Quality from the command line: what an operator sees of loads, ages, checks and dead rows."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("deltalake")

from bodega.apps import cli
from bodega.data.ingest.sources.runs import Run, remember_run
from bodega.data.lake.storage import LakeRoot

FAILING = ("quality", "checks", "--failing", "--json")
Bodega = Callable[..., tuple[int, str]]
SOURCES = """
sources:
  suppliers:
    kind: files
    schedule: every hour
    streams:
      prices: {path: "in/*.csv", key: [sku], fields: {price: "decimal(12,2)"}}
"""


@pytest.fixture
def bodega(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bodega:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources.yml").write_text(SOURCES)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "monday.csv").write_text("sku,price\nA,2.50\nB,dear\nC,0.10\n")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def test_loads_are_listed_with_both_sides(bodega: Bodega) -> None:
    assert "No load was reconciled yet" in bodega("quality", "reconcile")[1]
    report = json.loads(bodega("sources", "read", "suppliers", "--json")[1])[0]
    assert report["reconciled"] is True
    code, said = bodega("quality", "reconcile", "--table", "suppliers__prices", "--json")
    lines = {line["measure"]: line for line in json.loads(said)}
    assert code == 0
    assert (lines["rows"]["source"], lines["rows"]["target"]) == ("3", "3")
    assert lines["price"]["target"] == "2.6"
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    assert json.loads(bodega("quality", "reconcile", "--since", tomorrow, "--json")[1]) == []
    assert "Every load agreed" in bodega("quality", "reconcile", "--differing")[1]


def test_a_source_that_is_late_says_so(bodega: Bodega, tmp_path: Path) -> None:
    root = LakeRoot(tmp_path / "data" / "lake")
    well = datetime.now(UTC) - timedelta(hours=3)
    down = Run(started=well, ended=well, ok=False, said="host unreachable", succeeded_at=well)
    remember_run(root, "suppliers", down)
    code, said = bodega("quality", "freshness")
    assert code == 1
    line = next(line for line in said.splitlines() if "bronze.suppliers__prices" in line)
    assert "late" in line
    assert "3 h" in line
    assert "host unreachable" in line
    remember_run(root, "suppliers", down.model_copy(update={"succeeded_at": datetime.now(UTC)}))
    code, said = bodega("quality", "freshness", "--json")
    assert code == 0
    prices = next(t for t in json.loads(said) if t["table"] == "bronze.suppliers__prices")
    assert (prices["state"], prices["warn_seconds"], prices["late_seconds"]) == ("ok", 4500, 8100)


def test_rules_of_the_operator_are_held_against_each_load(bodega: Bodega, tmp_path: Path) -> None:
    (tmp_path / "quality.yml").write_text(
        "tables: {bronze.suppliers__prices: {columns: {price: {at_least: 1, severity: block}}}}"
    )
    code, _ = bodega("sources", "read", "suppliers")
    assert code == 1
    code, said = bodega("quality", "checks", "--failing", "--json")
    failing = {row["check_name"]: row for row in json.loads(said)}
    assert code == 1
    assert (failing["price range"]["row_count"], failing["price range"]["observed"]) == (1, "0.10")
    assert failing["rows set aside"]["observed"] == "price: not a decimal(12,2) (1)"
    assert bodega("quality", "checks", "--table", "gold.fct_orders")[0] == 0
    assert bodega("sources", "read", "suppliers")[0] == 1, "nothing new came, and nothing is mended"
    (tmp_path / "in" / "tuesday.csv").write_text("sku,price\nD,3\n")
    assert bodega("sources", "read", "suppliers")[0] == 1, "a good row mends no other"

    rules = tmp_path / "quality.yml"
    said = rules.read_text()
    rules.write_text("{}")
    assert json.loads(bodega(*FAILING)[1]) == [], "a rule that is gone is broken no more"
    assert bodega("quality", "checks")[0] == 0
    rules.write_text(said)

    (tmp_path / "in" / "monday.csv").write_text("sku,price\nA,2.50\nC,1.10\n")
    assert bodega("sources", "read", "suppliers")[0] == 0
    assert bodega("quality", "checks")[0] == 0
    assert len(json.loads(bodega("quality", "checks", "--history", "--json")[1])) > 4
    profile = json.loads(bodega("quality", "profile", "bronze.suppliers__prices", "--json")[1])
    price = next(row for row in profile if row["column_name"] == "price")
    assert (price["row_count"], price["lowest"], price["highest"]) == (1, "1.10", "1.10")
    past = json.loads(
        bodega("quality", "profile", "bronze.suppliers__prices", "--history", "--json")[1]
    )
    assert [one["rows"] for one in past] == [1, 1, 2]
    assert "not looked at yet" in bodega("quality", "profile", "gold.nothing")[1]


def test_what_blocks_keeps_mappings_back_until_it_is_mended(bodega: Bodega, tmp_path: Path) -> None:
    both = SOURCES + '      stock: {path: "in/stock.csv", key: [sku]}\n'
    (tmp_path / "sources.yml").write_text(
        f"{both.replace('in/*', 'in/*day')}mappings:\n  goods:\n    key: [sku]\n"
        "    columns: {sku: string, price: number}\n    from:\n"
        "    - {stream: suppliers.prices, fields: {sku: sku, price: price}}\n"
        "    - {stream: suppliers.stock, fields: {sku: sku}}\n"
    )
    rule = "tables: {bronze.suppliers__prices: {columns: {price: {at_least: %s, severity: block}}}}"
    (tmp_path / "quality.yml").write_text(rule % 1)
    (tmp_path / "in" / "stock.csv").write_text("sku\nA\n")
    goods = tmp_path / "data" / "lake" / "silver" / "goods"
    bodega("sources", "read", "suppliers")
    (tmp_path / "in" / "stock.csv").write_text("sku\nA\nE\n")
    (tmp_path / "in" / "tuesday.csv").write_text("sku,price\nD,3\n")
    bodega("sources", "read", "suppliers")
    assert not goods.exists()
    (tmp_path / "quality.yml").write_text(rule % 0)
    assert bodega("sources", "read", "suppliers")[0] == 0
    assert goods.exists()


def test_dead_rows_are_listed_mended_and_counted_once(bodega: Bodega, tmp_path: Path) -> None:
    assert "Nothing was set aside" in bodega("quality", "dead")[1]
    (tmp_path / "sources.yml").write_text(
        f"{SOURCES}mappings:\n  goods:\n    key: [sku]\n"
        "    columns: {sku: string, price: number}\n"
        "    from: [{stream: suppliers.prices, fields: {sku: sku, price: price}}]\n"
    )
    bodega("sources", "read", "suppliers")
    (dead,) = json.loads(bodega("quality", "dead", "--json")[1])
    assert (dead["reason"], dead["row"]["sku"]) == ("price: not a decimal(12,2)", "B")
    assert "dear" in bodega("quality", "dead", "--reason", "decimal")[1]

    chosen = ("quality", "redrive", "--table", "bronze.suppliers__prices", "--why", "typo")
    code, said = bodega(*chosen)
    assert code == 1
    assert "not a decimal" in said
    again = ("quality", "redrive", "--id", dead["id"], "--set", "price=9.75", "--why", "typo")
    assert json.loads(bodega(*again, "--json")[1])[0]["outcome"] == "driven"
    assert json.loads(bodega(*again, "--json")[1])[0]["outcome"] == "already"
    assert json.loads(bodega("quality", "dead", "--json")[1]) == []
    goods = LakeRoot(tmp_path / "data" / "lake").delta("silver/goods").to_pyarrow_table()
    assert sorted(goods["price"].to_pylist()) == [0.1, 2.5, 9.75]
    assert bodega(*chosen)[0] == 2, "nothing is left to drive"
    assert bodega("quality", "redrive", "--id", dead["id"], "--set", "price", "--why", "x")[0] == 2

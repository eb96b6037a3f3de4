"""Several streams about one thing become one table that says who said what."""

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from bodega.backbone.settings import load_settings
from bodega.data.ingest.sources.config import SourcesFile, read_sources
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.errors import SourceRefused, SourcesMalformed
from bodega.data.ingest.sources.load import load
from bodega.data.ingest.sources.mapping import Mapped, build_mapping
from bodega.data.ingest.sources.registry import build_source
from tests.data.ingest.sources.conftest import Bench

SOURCES = """
sources:
  register:
    kind: files
    streams: {companies: {path: in/register.csv, key: [ticker]}}
  crm:
    kind: files
    streams: {accounts: {path: in/crm.csv, key: [symbol]}}
mappings:
  companies:
    key: [symbol]
    columns: {symbol: string, name: string, staff: integer}
    from:
      - {stream: register.companies, fields: {symbol: ticker, name: title, staff: staff}}
      - {stream: crm.accounts, fields: {symbol: symbol, name: name, staff: people}}
"""


@pytest.fixture
def file(bench: Bench) -> SourcesFile:
    bench.file("register.csv", "ticker,title,staff\nA,Alpha plc,10\nB,Beta,\n,nobody,1\n")
    bench.file("crm.csv", "symbol,name,people\nA,Alpha,10\nB,Beta,7\nC,Gamma,3\n")
    path = bench.folder / "sources.yml"
    path.write_text(SOURCES)
    return read_sources(path)


def read_both(bench: Bench, file: SourcesFile) -> None:
    settings = load_settings(data_dir=bench.folder)
    for name in file.sources:
        source = build_source(name, file, settings)
        load(name, source, file.sources[name].declared()[0], bench.root, clock=bench.clock)


def build(bench: Bench, file: SourcesFile) -> tuple[Mapped, list[dict[str, Any]]]:
    def stream(name: str) -> Stream:
        found = file.stream(name)
        assert found
        return found

    done = build_mapping("companies", file.mappings["companies"], stream, bench.root)
    table = DeltaTable(str(bench.folder / "lake" / "silver" / "companies"))
    return done, table.to_pyarrow_table().to_pylist()


def test_the_earlier_is_believed_and_the_later_fills_gaps(bench: Bench, file: SourcesFile) -> None:
    read_both(bench, file)
    done, rows = build(bench, file)
    assert [(r["symbol"], r["name"], r["staff"]) for r in rows] == [
        ("A", "Alpha plc", 10),
        ("B", "Beta", 7),
        ("C", "Gamma", 3),
    ]
    assert json.loads(rows[1]["_from"]) == {"name": "register.companies", "staff": "crm.accounts"}
    assert json.loads(rows[0]["_conflicts"])["name"] == {
        "register.companies": "Alpha plc",
        "crm.accounts": "Alpha",
    }
    assert (rows[1]["_conflicts"], done.rows, done.conflicts) == (None, 3, 1)


def test_a_source_not_read_yet_says_nothing(bench: Bench, file: SourcesFile) -> None:
    done, rows = build(bench, file)
    assert (done.rows, rows) == (0, [])


def test_a_field_that_is_not_there_is_named(bench: Bench, file: SourcesFile) -> None:
    bench.file("crm.csv", "symbol,name\nA,Alpha\n")
    read_both(bench, file)
    with pytest.raises(SourceRefused, match=r"crm\.accounts has no field people"):
        build(bench, file)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("stream: crm.accounts", "stream: crm.nothing", "there is no stream crm.nothing"),
        ("symbol: ticker, ", "", "says nothing about the key"),
        ("staff: people", "people: people", "no such column people"),
        ("key: [symbol]", "key: [id]", "every field of `key` is a column"),
    ],
    ids=["stream", "key", "column", "key_column"],
)
def test_mappings_that_cannot_be_are_named(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    (tmp_path / "sources.yml").write_text(
        SOURCES.replace(old, new, 1)
        if old != "key: [symbol]"
        else SOURCES.replace("key: [symbol]\n    columns", "key: [id]\n    columns")
    )
    with pytest.raises(SourcesMalformed, match=complaint):
        read_sources(tmp_path / "sources.yml")

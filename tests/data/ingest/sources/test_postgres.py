"""Another database, followed as the shop's own."""

import os

import pytest

from bodega.backbone.settings import Settings
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.sources.envelopes import current_rows
from bodega.data.ingest.sources.errors import SourceRefused, SourceUnreachable
from bodega.data.ingest.sources.postgres import PostgresConfig, PostgresSource
from bodega.data.lake.reveal import reveal
from tests.backbone.changes.databases import TestDatabase, database, server
from tests.data.ingest.sources.conftest import Bench
from tests.data.ingest.test_seal import every_text

__all__ = ["database", "server"]


@pytest.fixture
def erp(bench: Bench, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> PostgresSource:
    database.run(
        "CREATE TABLE customers (id int PRIMARY KEY, name text, secret text)",
        "INSERT INTO customers VALUES (1, 'Ada', 'x'), (2, 'Bob', 'y')",
        "CREATE TABLE loose (id int)",
    )
    monkeypatch.setenv("ERP_URL", database.dsn)
    return source(bench, {"public.customers": ["id", "name"]})


def source(bench: Bench, tables: object) -> PostgresSource:
    said = {"kind": "postgres", "dsn": {"env": "ERP_URL"}, "tables": tables}
    return PostgresSource("erp", PostgresConfig.model_validate(said), bench.root)


def held(bench: Bench) -> list[tuple[object, ...]]:
    return current_rows(bench.root, "erp", "public_customers", limit=100)[1]


def test_a_table_is_copied_then_followed(
    bench: Bench, erp: PostgresSource, database: TestDatabase
) -> None:
    (report,) = erp.catch_up()
    assert (report.stream, report.rows) == ("public_customers", 2)
    names, rows = current_rows(bench.root, "erp", "public_customers", limit=100)
    assert (names, rows) == (["id", "name"], [("1", "Ada"), ("2", "Bob")])
    database.run(
        "UPDATE customers SET name = 'Eve' WHERE id = 1",
        "DELETE FROM customers WHERE id = 2",
        "INSERT INTO customers VALUES (3, 'Cid', 'z')",
    )
    (report,) = erp.catch_up()
    assert report.rows == 3
    assert held(bench) == [("1", "Eve"), ("3", "Cid")]
    database.run("TRUNCATE customers", "INSERT INTO customers VALUES (9, 'New', '')")
    erp.catch_up()
    assert held(bench) == [("9", "New")]


def test_persons_of_another_database_are_sealed(
    bench: Bench, erp: PostgresSource, database: TestDatabase, settings: Settings
) -> None:
    database.run(
        "ALTER TABLE customers ADD mail text",
        "UPDATE customers SET mail = name || '@example.com'",
    )
    said = {
        "kind": "postgres",
        "dsn": {"env": "ERP_URL"},
        "tables": {"public.customers": ["id", "name", "mail"]},
        "personal": {"public.customers": {"mail": "mail", "columns": ["name"]}},
    }
    config = PostgresConfig.model_validate(said)
    vault = Vault(settings.dsn, MasterKeys.of(settings))
    sealed = PostgresSource("erp", config, bench.root, vault)
    sealed.catch_up()
    database.run("UPDATE customers SET name = 'Eve' WHERE id = 1")
    sealed.catch_up()
    for text in every_text(bench.root.work):
        assert all(secret not in text for secret in ("Ada", "Bob", "Eve"))
    found = reveal(bench.root, vault, person="Ada@example.com", actor="me", reason="a test").rows
    assert [row.values for row in found] == [{"name": "Eve", "mail": "Ada@example.com"}]


def test_check_and_discover_say_what_is_there(bench: Bench, erp: PostgresSource) -> None:
    wide = source(
        bench, {"public.customers": "all", "public.loose": "all", "public.nothing": "all"}
    )
    assert [(f.ok, f.says) for f in wide.check()] == [
        (True, "3 columns"),
        (False, "public.loose has no primary key"),
        (False, "there is no table public.nothing"),
    ]
    found = {stream.name: stream for stream in wide.discover()}
    assert found["public_customers"].key == ("id",)
    assert [c.name for c in erp.discover()[0].columns] == ["id", "name"]
    with pytest.raises(SourceRefused):
        erp.read("public_customers", {})


def test_a_database_that_does_not_answer_is_said(
    bench: Bench, erp: PostgresSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_URL", "postgresql://nobody@127.0.0.1:1/none")
    gone = source(bench, {"public.customers": "all"})
    (finding,) = gone.check()
    assert not finding.ok
    with pytest.raises(SourceUnreachable):
        gone.catch_up()
    assert os.environ["ERP_URL"]

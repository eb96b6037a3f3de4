"""The database is prepared when it or the migrations are not as they were, and else left alone."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bodega.apps.supervise import preparation
from bodega.apps.supervise.errors import StepFailed
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.preparation import Preparation
from bodega.apps.supervise.report import Report
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.backbone.heads import heads, installed

SPEAK = """
import sys
from bodega.apps.supervise.report import step, to_pipe
with step('Schema', to_pipe(sys.stdout)):
    pass
"""


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("preparation") / "postgres"
    with EmbeddedPostgres(folder, password="x", durable=False) as server:
        yield server.url


@pytest.fixture
def folder(data_dir: Path) -> DataFolder:
    opened = DataFolder(data_dir)
    opened.open()
    return opened


def prepared(folder: DataFolder, dsn: str, *, seed: bool, code: str = SPEAK) -> list[Report]:
    said: list[Report] = []
    Preparation(folder, dsn, seed=seed).run([sys.executable, "-c", code], {}, said.append)
    return said


def test_a_new_database_has_no_heads_and_needs_preparing(folder: DataFolder, dsn: str) -> None:
    assert heads(dsn) == []
    assert Preparation(folder, dsn, seed=True).needed


def test_steps_are_passed_on_and_done_once(folder: DataFolder, dsn: str) -> None:
    assert [report.kind for report in prepared(folder, dsn, seed=True)] == ["begin", "done"]
    assert not Preparation(folder, dsn, seed=True).needed
    assert not Preparation(folder, dsn, seed=False).needed


def test_goods_asked_for_later_are_a_reason(folder: DataFolder, dsn: str) -> None:
    prepared(folder, dsn, seed=False)
    assert not Preparation(folder, dsn, seed=False).needed
    assert Preparation(folder, dsn, seed=True).needed


def test_another_state_of_the_database_is_a_reason(folder: DataFolder, dsn: str) -> None:
    prepared(folder, dsn, seed=True)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA backbone")
        connection.execute("CREATE TABLE backbone.alembic_version (version_num text)")
        connection.execute("INSERT INTO backbone.alembic_version VALUES ('orders_0001')")
    assert heads(dsn) == ["orders_0001"]
    assert Preparation(folder, dsn, seed=True).needed


def test_a_new_migration_is_a_reason(
    folder: DataFolder, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(folder, dsn, seed=True)
    assert len(installed()) == 64
    monkeypatch.setattr(preparation, "installed", lambda: "another")
    assert Preparation(folder, dsn, seed=True).needed


def test_a_failure_is_quoted_and_not_remembered(folder: DataFolder, dsn: str) -> None:
    with pytest.raises(StepFailed, match=r"failed: no flour\. .*prepare\.log"):
        prepared(folder, dsn, seed=True, code="raise SystemExit('no flour')")
    assert Preparation(folder, dsn, seed=True).needed

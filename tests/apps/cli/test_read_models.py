"""`bodega readmodels` against a real database."""

import json

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.settings import Settings
from bodega.kernel.errors import NotFound


@pytest.fixture(autouse=True)
def reached(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_VALKEY_URL", settings.valkey_dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(settings.data_dir))


def test_read_models_are_listed_and_made_anew() -> None:
    made = CliRunner().invoke(cli.app, ["readmodels", "rebuild", "--json"])
    assert made.exit_code == 0, made.output
    listed = CliRunner().invoke(cli.app, ["readmodels", "list", "--json"])
    rows = json.loads(listed.output)
    assert {row["name"]: (row["behind"], row["stuck"]) for row in rows} == {
        "orders": (0, 0),
        "customers": (0, 0),
        "stock": (0, 0),
    }
    assert "views.stock" in CliRunner().invoke(cli.app, ["readmodels", "list"]).output


def test_an_unknown_one_is_refused() -> None:
    done = CliRunner().invoke(cli.app, ["readmodels", "rebuild", "dreams"])
    assert isinstance(done.exception, NotFound)

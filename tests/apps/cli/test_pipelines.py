"""`bodega pipelines runs|show|logs`: the history of runs on the terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("deltalake")

from bodega.apps import cli
from bodega.data.operations.runs import recorded
from bodega.kernel.errors import NotFound


@pytest.fixture
def bodega(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli.app, ["pipelines", *words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_runs_their_steps_and_what_they_said(tmp_path: Path, bodega: Callable[..., str]) -> None:
    assert bodega("runs") == "Nothing has run yet.\n"
    with pytest.raises(NotFound):
        bodega("show")
    work = tmp_path / "lake"
    with recorded(work, kind="source", name="fx", trigger="schedule"):
        pass
    with recorded(work, kind="refresh", name="gold", trigger="loop") as run:
        run.step("fct_orders", kind="model", seconds=0.2, rows=1234)
        run.step("order_total", kind="test", state="failed", detail="Got 1 result")
        run.say("select 1", step="order_total", level="error")
        run.state = "blocked"
    listed = bodega("runs")
    assert "order_total" in listed
    assert "schedule" in listed
    assert "gold" not in bodega("runs", "--kind", "source")
    assert json.loads(bodega("runs", "--json"))[0]["state"] == "blocked"
    assert "1,234" in bodega("show")
    assert "select 1" in bodega("logs", run.id[-6:])
    assert bodega("logs", "--step", "fct_orders") == ""
    assert "choose one of" in bodega("runs", "--kind", "nonsense", code=2)

"""Runs: begun, ended, failed, lost; with steps, logs and a history that does not grow for ever."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bodega.data.operations import runs as book
from bodega.data.operations.runs import (
    failures_in_a_row,
    forget_runs,
    recorded,
    run_of,
    runs,
)


def one(work: Path, *, fails: bool = False, name: str = "gold") -> None:
    with recorded(work, kind="refresh", name=name, trigger="loop") as run:
        run.step("fct_orders", kind="model", seconds=0.2, rows=7)
        if fails:
            run.step("order_total", kind="test", state="failed", detail="3 rows")
            raise ValueError("no good")


def test_a_run_with_its_steps_and_logs(tmp_path: Path) -> None:
    with recorded(tmp_path, kind="source", name="fx", trigger="schedule") as run:
        (before,) = runs(tmp_path)
        assert (before.state, before.seconds) == ("running", None)
        with run.timed("rates", kind="stream") as told:
            told["rows"] = 310
        run.say("310 rates", step="rates")
        run.rows = 310
    (after,) = runs(tmp_path)
    assert (after.state, after.name, after.trigger, after.rows) == (
        "succeeded",
        "fx",
        "schedule",
        310,
    )
    detail = run_of(tmp_path, after.id[-8:])
    assert detail is not None
    assert [(step.name, step.rows, step.state) for step in detail.steps] == [
        ("rates", 310, "succeeded")
    ]
    assert [(line.step, line.text) for line in detail.logs] == [("rates", "310 rates")]


def test_a_failure_ends_the_run_names_the_step_and_goes_on(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no good"):
        one(tmp_path, fails=True)
    (run,) = runs(tmp_path)
    assert (run.state, run.failing_step) == ("failed", "order_total")
    assert run.detail == "ValueError: no good"


def test_a_step_that_raises_is_the_failing_one(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="disk"),
        recorded(tmp_path, kind="care", name="lake", trigger="loop") as run,
        run.timed("vacuum", kind="care"),
    ):
        raise OSError("disk")
    assert runs(tmp_path)[0].failing_step == "vacuum"


def test_a_run_whose_process_died_is_lost(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path\n"
        "from bodega.data.operations.runs import recorded\n"
        f"with recorded(Path({str(tmp_path)!r}), kind='refresh', name='gold', trigger='loop'):\n"
        "    os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    assert [run.state for run in runs(tmp_path)] == ["lost"]
    assert failures_in_a_row(tmp_path, kind="refresh") == 1
    one(tmp_path)
    assert [run.state for run in runs(tmp_path)] == ["succeeded", "lost"]


def test_failures_in_a_row_end_with_a_success(tmp_path: Path) -> None:
    one(tmp_path)
    for _ in range(2):
        with pytest.raises(ValueError, match="no good"):
            one(tmp_path, fails=True)
    assert failures_in_a_row(tmp_path, kind="refresh") == 2
    assert failures_in_a_row(tmp_path, kind="refresh", name="other") == 0
    one(tmp_path)
    assert failures_in_a_row(tmp_path, kind="refresh") == 0


def test_old_runs_go_and_of_good_ones_the_details_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "DETAILED", 1)
    with pytest.raises(ValueError, match="no good"):
        one(tmp_path, fails=True)
    one(tmp_path)
    one(tmp_path)
    assert forget_runs(tmp_path, before=datetime(2026, 1, 1, tzinfo=UTC)) == 0
    found = [run_of(tmp_path, run.id) for run in runs(tmp_path)]
    assert [len(run.steps) for run in found if run] == [1, 0, 2]
    assert forget_runs(tmp_path, before=datetime.now(UTC) + timedelta(hours=1)) == 3


def test_history_that_cannot_be_written_fails_nobody(tmp_path: Path) -> None:
    (tmp_path / "operations.sqlite3").write_text("this is no database, but a text " * 9)
    one(tmp_path)


def test_there_is_no_such_run(tmp_path: Path) -> None:
    assert run_of(tmp_path, "nothing") is None

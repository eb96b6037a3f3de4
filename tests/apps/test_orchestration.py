"""Dagster's processes: who orchestrates, what it is told, and its pages' own environment."""

import signal
import socket
import sys
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import yaml

pytest.importorskip("dagster")

from bodega.apps.orchestration import ui
from bodega.apps.orchestration.daemon import LoopOrchestrates, command
from bodega.apps.orchestration.home import (
    SOCKET_LENGTH,
    code_socket,
    environment_of,
    prepare_home,
    workspace_of_ui,
)
from bodega.apps.orchestration.ui import WebserverMissing, prepare_ui
from bodega.apps.supervise.processes import cast_of
from bodega.backbone.embedded.ports import free_port
from bodega.backbone.settings import Settings


def settings_of(folder: Path, orchestrator: str = "dagster") -> Settings:
    return Settings(_env_file=None, data_dir=folder, orchestrator=orchestrator)


def test_the_daemon_runs_only_where_dagster_orchestrates(tmp_path: Path) -> None:
    names = [role.name for role in cast_of(settings_of(tmp_path), seed=False).back]
    assert names == ["serving", "pipelines", "dagster-code", "dagster"]
    loop = settings_of(tmp_path, "loop")
    assert [role.name for role in cast_of(loop, seed=False).back] == ["serving", "pipelines"]
    with pytest.raises(LoopOrchestrates):
        command(loop)


def test_dagster_is_told_where_the_definitions_are_and_to_write_one_at_a_time(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path)
    assert command(settings)[-1] == str(tmp_path / "dagster" / "workspace.yaml")
    served, own = places(settings), places(settings_of(tmp_path, "loop"))
    assert served == {"grpc_server": {"socket": ANY, "location_name": "bodega"}}
    assert served["grpc_server"]["socket"] in command(settings, code=True)
    assert own["python_module"]["executable_path"] == sys.executable
    alone = yaml.safe_load(workspace_of_ui(settings).read_text())["load_from"]
    assert alone == [own], "nobody listens: the pages make their own"
    with socket.socket(socket.AF_UNIX) as shop:
        shop.bind(str(code_socket(settings)))
        shop.listen()
        assert workspace_of_ui(settings).name == "workspace.yaml"
    told = yaml.safe_load((tmp_path / "dagster" / "dagster.yaml").read_text())
    assert told["concurrency"]["pools"]["default_limit"] == 1
    assert not told["telemetry"]["enabled"]
    home = environment_of(settings)
    assert home["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert home["BODEGA_DATA_DIR"] == str(tmp_path)


def places(settings: Settings) -> dict[str, Any]:
    (place,) = yaml.safe_load((prepare_home(settings) / "workspace.yaml").read_text())["load_from"]
    return dict(place)


def test_a_deep_data_folder_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = settings_of(tmp_path / "a-folder-in-a-folder" / ("x" * 90))
    assert len(str(code_socket(deep))) <= SOCKET_LENGTH
    assert code_socket(deep) == code_socket(deep)
    assert code_socket(deep).parent.stat().st_mode & 0o077 == 0


def test_pages_that_cannot_be_fetched_say_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = [sys.executable, "-c", "print('ERROR: no index in reach'); raise SystemExit(1)"]
    monkeypatch.setattr(ui, "_installation", lambda _: [fails])
    told: list[str] = []
    with pytest.raises(WebserverMissing) as missing:
        prepare_ui(settings_of(tmp_path), told.append)
    assert "no index in reach" in missing.value.detail
    assert "dagster-webserver>=" in missing.value.detail
    assert "  ERROR: no index in reach" in told


def test_pages_that_are_there_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makes = [sys.executable, "-c", "import pathlib, sys; pathlib.Path(sys.argv[1]).mkdir()"]
    made: list[Path] = []

    def installation(folder: Path) -> list[list[str]]:
        made.append(folder)
        return [[*makes, str(folder)]]

    monkeypatch.setattr(ui, "_installation", installation)
    settings = settings_of(tmp_path)
    program = prepare_ui(settings, lambda _: None)
    assert prepare_ui(settings, lambda _: None) == program == made[0] / "bin" / "dagster-webserver"
    assert len(made) == 1


def test_whoever_stops_the_command_stops_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pages"
    program.write_text("#!/bin/sh\nsleep 0.2; kill -TERM $PPID; exec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(ui, "prepare_ui", lambda *_: program)
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}

    try:
        assert ui.serve(settings_of(tmp_path), port=free_port(), tell=print) == -signal.SIGTERM
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)

"""What dbt keeps of a parsed project is used for that very project only."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bodega.data.pipelines import dbt
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.warehouse import Warehouse


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The target folders that dbt was given, instead of its work."""
    targets: list[Path] = []

    class Runner:
        def __init__(self, manifest: Any) -> None: ...

        def invoke(self, arguments: list[str]) -> Any:
            targets.append(Path(arguments[arguments.index("--target-path") + 1]))
            return SimpleNamespace(exception=None, result=SimpleNamespace(results=[]))

    monkeypatch.setattr("dbt.cli.main.dbtRunner", Runner)
    yield targets
    dbt.project_fingerprint.cache_clear()
    dbt.parsed_by.cache_clear()


def test_a_project_whose_yaml_changed_is_parsed_anew(
    asked: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setattr(dbt, "PROJECT", project)
    for text in ("version: 2", "version: 2", "version: 2\nmodels: []"):
        (project / "models.yml").write_text(text)
        dbt.project_fingerprint.cache_clear()
        dbt.parsed_by.cache_clear()
        dbt.Project(Warehouse(tmp_path / "lake"), SimpleNamespace()).run("test")
        asked[-1].mkdir(parents=True, exist_ok=True)
        (asked[-1] / "partial_parse.msgpack").touch()
    first, same, other = asked
    assert first == same != other
    assert not first.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("post_hook", ["vacuum"]), ("incremental_strategy", "merge"), ("materialized", "ephemeral")],
)
def test_what_a_plan_cannot_do_is_refused(
    tmp_path: Path, name: str, value: object, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = manifest.nodes["model.bodega.int_orders"].config
    monkeypatch.setattr(config, name, value)
    with pytest.raises(dbt.PlanImpossible, match="int_orders"):
        dbt.Project(Warehouse(tmp_path), manifest).compile()


def test_a_plan_is_kept_for_the_next_warehouse(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: dbt.Project) -> Plan:
        raise AssertionError("compiled again")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(dbt.Project, "compile", lambda _: plan)
    assert dbt.Project(Warehouse(tmp_path / "first")).plan() == plan
    monkeypatch.setattr(dbt.Project, "compile", never)
    assert dbt.Project(Warehouse(tmp_path / "second")).plan() == plan
    (kept,) = (tmp_path / "bodega").iterdir()
    kept.write_text("{")
    with pytest.raises(AssertionError, match="compiled again"):
        dbt.Project(Warehouse(tmp_path / "third")).plan()


@pytest.mark.parametrize("folder", ["/proc/nobody", "/dev/null"])
def test_a_cache_that_cannot_be_written_is_no_matter(
    folder: str, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", folder)
    monkeypatch.setattr(dbt.Project, "compile", lambda _: plan)
    assert dbt.Project(Warehouse(tmp_path)).plan() == plan

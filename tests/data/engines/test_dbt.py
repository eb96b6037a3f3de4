"""The plan makes what dbt makes: every table, from nothing and of what is new."""

import shutil
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bodega.data.lake.published import read_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.execute import NodeResult
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.refresh import refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.bronze import (
    Source,
    deleted,
    order,
    order_line,
    product,
    return_line,
    returned,
    variant,
)
from tests.data.engines.day import fill

Contents = dict[str, tuple[int, int]]


def built(lake: Path) -> Contents:
    """Rows and the sum of their hashes, of every table that was built."""
    with Warehouse(lake).open() as con:
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where schema_name <> 'meta'"
        ).fetchall()
        return {
            name: con.execute(
                f"select count(*), coalesce(sum(hash(t)), 0) from {name} as t"
            ).fetchone()
            or (0, 0)
            for (name,) in tables
        }


def more(lake: Path) -> None:
    source = Source(lake, position=900_000)
    source.commit(order("o61", number=61, total=250), order_line("l61", "o61"))
    source.commit(order("o61", number=61, total=250, status="fulfilled", op="u"))
    source.commit(product("p1", title="New", op="u"), deleted(variant("v2", "p2")))
    source.commit(returned("r61", total=250, order_id="o61"), return_line("rl61", "r61"))
    source.flush()


def live(lake: Path, plan: Plan) -> list[Contents]:
    """A full build, then a refresh; what is in the tables after each."""
    found = []
    for step in (lambda: None, lambda: more(lake)):
        step()
        outcome = refresh(Warehouse(lake, memory_mb=512), plan)
        assert outcome.state == "published", outcome.failures
        assert read_published(lake).tables
        found.append(built(lake))
    return found


def by_dbt(project: Project) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What builds instead of the plan."""

    def went(results: dict[str, str]) -> list[NodeResult]:
        assert set(results.values()) <= {"success", "pass", "no-op"}, results
        return []

    def build(_: object, plan: Plan, moved: Iterable[str], *, everything: bool) -> list[NodeResult]:
        names = [node.name for node in plan.below(moved) if node.materialized != "view"]
        return went(project.run("build", "--indirect-selection", "empty", "--select", *names))

    def build_anew(*_: object) -> list[NodeResult]:
        return went(project.run("build", "--full-refresh", "--exclude", "resource_type:unit_test"))

    return build, build_anew


@pytest.mark.soak
def test_the_plan_builds_what_dbt_builds(
    lake: Path, tmp_path: Path, plan: Plan, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake)
    other = Path(shutil.copytree(lake, tmp_path / "other"))
    ours = live(lake, plan)
    build, build_anew = by_dbt(Project(Warehouse(LakeRoot(other), memory_mb=512), manifest))
    monkeypatch.setattr("bodega.data.pipelines.refresh.build", build)
    monkeypatch.setattr("bodega.data.pipelines.refresh.build_anew", build_anew)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = live(other, plan)
    assert len(ours[0]) > 40
    assert ours == theirs

"""Dagster wraps the same functions: its graph loads, materialises and owns the lake.

It is imported where it is used: every worker reads this file, one of them runs it.
"""

from pathlib import Path
from typing import Any

import pytest

from bodega.backbone.settings import load_settings
from bodega.data.lake.publish import gold_tables
from bodega.data.lake.published import read_published
from bodega.data.pipelines.owner import ownership
from tests.data.bronze import Source, order, order_line
from tests.data.conftest import Refresh


def run(lake: Path) -> Any:
    import dagster as dg

    from bodega.data.pipelines.definitions import agrees_with_bronze, definitions, gold

    defs = definitions(load_settings(lake_url=str(lake), orchestrator="dagster"))
    return dg.materialize(
        [gold, agrees_with_bronze], resources=dict(defs.resources or {}), raise_on_error=False
    )


def test_the_graph_has_every_table_that_dbt_publishes(manifest: Any) -> None:
    from bodega.data.pipelines.definitions import GOLD, definitions

    defs = definitions(load_settings(orchestrator="dagster"))
    graph = defs.resolve_asset_graph()
    found = {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] == "gold"}
    assert found == set(GOLD) == {table.name for table in gold_tables(manifest.nodes)}
    assert [sensor.name for sensor in defs.sensors or []] == ["bronze_moved"]


def test_the_loop_and_the_sensor_are_never_both_active() -> None:
    from bodega.data.pipelines.definitions import definitions

    assert not definitions(load_settings(orchestrator="loop")).sensors


def test_a_run_publishes_and_its_checks_pass(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    refreshed()
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    source.flush()
    result = run(lake)
    assert result.success
    assert read_published(lake).tables["fct_orders"].rows == 1
    passed = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert passed == {"fit_to_publish": True, "agrees_with_bronze": True}


def test_contradicting_numbers_fail_the_run(lake: Path, source: Source, refreshed: Refresh) -> None:
    refreshed()
    source.commit(order("o1", number=1, total=999), order_line("l1", "o1"))
    source.flush()
    result = run(lake)
    assert not result.success
    assert not read_published(lake).tables


def test_a_run_fails_while_the_loop_owns_the_lake(lake: Path, source: Source) -> None:
    with ownership(lake):
        result = run(lake)
    assert not result.success
    assert not read_published(lake).tables


@pytest.fixture(autouse=True)
def _dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")

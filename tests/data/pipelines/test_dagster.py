"""Dagster over the same functions: its graph, a refresh, a day, a source, what blocks, what is due.

It is imported where it is used: every worker reads this file, one of them runs it.
"""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bodega.backbone.settings import Settings
from bodega.data.lake.publish import gold_tables
from bodega.data.lake.published import read_published
from bodega.data.operations.alerts import open_keys
from bodega.data.operations.runs import runs
from bodega.data.pipelines.bronze import TABLES
from bodega.data.pipelines.owner import ownership
from bodega.data.pipelines.status import read_status
from bodega.ml.recommend import NAME as RECOMMENDER
from tests.data.bronze import Source, order, order_line

DECLARED = """
sources:
  suppliers:
    kind: files
    schedule: every 15 minutes
    streams:
      prices: {path: "prices*.csv", key: [sku]}
"""
Setting = Callable[..., Settings]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> tuple[Path, Source]:
    """A data folder with an empty warehouse and a file of a supplier; tests go on where others
    stopped."""
    folder = tmp_path_factory.mktemp("shop")
    lake = folder / "lake"
    shutil.copytree(empty_warehouse.parent / "dbt", lake / "dbt")
    shutil.copy(empty_warehouse, lake)
    (folder / "sources.yml").write_text(DECLARED)
    (folder / "prices1.csv").write_text("sku,price\nA,1\nB,2\n")
    return folder, Source(lake)


@pytest.fixture
def lake(shop: tuple[Path, Source]) -> Path:
    return shop[0] / "lake"


@pytest.fixture
def setting(shop: tuple[Path, Source]) -> Setting:
    def made(**over: object) -> Settings:
        chosen: dict[str, object] = {"orchestrator": "dagster", "lake_memory_mb": 512, **over}
        sources = shop[0] / "sources.yml"
        return Settings(_env_file=None, data_dir=shop[0], sources_file=sources, **chosen)

    return made


@pytest.fixture
def defs(setting: Setting, manifest: Any) -> Any:
    from bodega.apps.orchestration.definitions import definitions

    return definitions(setting(), manifest, retries=None)


def execute(defs: Any, job: str = "refresh", **options: Any) -> Any:
    return defs.resolve_job_def(job).execute_in_process(raise_on_error=False, **options)


def checks(result: Any) -> dict[str, bool]:
    return {found.check_name: found.passed for found in result.get_asset_check_evaluations()}


def test_every_table_model_test_stream_and_trained_model_is_in_the_graph(
    defs: Any, manifest: Any
) -> None:
    import dagster as dg

    graph = defs.resolve_asset_graph()
    keys = {"/".join(key.path) for key in graph.get_all_asset_keys()}
    assert {f"bronze/{table}" for table in TABLES} <= keys
    assert {f"gold/{table.name}" for table in gold_tables(manifest.nodes)} <= keys
    assert {"silver/orders", "staging/orders", "intermediate/int_sales_lines"} <= keys
    assert {"bronze/suppliers__prices", f"models/{RECOMMENDER}"} <= keys

    lines = graph.get(dg.AssetKey(["gold", "fct_order_lines"]))
    assert lines.group_name == "gold"
    assert lines.owners == ["team:data"]
    assert {"/".join(key.path) for key in lines.parent_keys} == {"intermediate/int_sales_lines"}
    columns = {column.name for column in lines.metadata["dagster/column_schema"].columns}
    assert {"line_id", "total_amount"} <= columns
    assert lines.partitions_def is not None
    assert graph.get(dg.AssetKey(["gold", "dim_products"])).partitions_def is None

    blocking = [key for key in graph.asset_check_keys if graph.get(key).blocking]
    tests = [node for node in manifest.nodes.values() if node.resource_type == "test"]
    assert len(blocking) == len({test.name for test in tests}) + 1


def test_only_where_dagster_orchestrates_anything_starts_by_itself(
    defs: Any, setting: Setting, manifest: Any
) -> None:
    from bodega.apps.orchestration.definitions import definitions

    assert {sensor.name for sensor in defs.sensors} == {
        "bronze_moved",
        "sales_moved",
        "suppliers_files",
    }
    assert {schedule.name for schedule in defs.schedules} == {
        "lake_care_schedule",
        "sources_as_scheduled",
    }
    idle = definitions(setting(orchestrator="loop"), manifest)
    assert not idle.sensors
    assert not idle.schedules


def test_a_refresh_tells_rows_versions_checks_and_the_days_that_changed(
    defs: Any, lake: Path, shop: tuple[Path, Source]
) -> None:
    import dagster as dg

    source = shop[1]
    for number, day in ((1, "2026-02-03"), (2, "2026-03-01")):
        time = f"{day}T10:00:00Z"
        source.commit(
            order(f"o{number}", number=number, total=250, at=time),
            order_line(f"l{number}", f"o{number}", at=time),
        )
    source.flush()
    result = execute(defs)
    assert result.success
    assert read_published(lake).tables["fct_orders"].rows == 2

    told = [event.step_materialization_data.materialization for event in _materialised(result)]
    sales = next(one for one in told if one.asset_key.path[-1] == "mart_daily_sales")
    assert sales.metadata["dagster/row_count"].value == 2
    assert sales.metadata["delta_version"].value == 0
    days = {one.partition for one in told if one.asset_key.path[-1] == "fct_orders"}
    assert days == {"2026-02-03", "2026-03-01"}
    passed = checks(result)
    assert all(passed.values())
    assert {"fit_to_publish", "agrees_with_bronze"} <= set(passed)
    assert len(passed) > 20
    assert (runs(lake)[0].trigger, runs(lake)[0].state) == ("dagster", "succeeded")

    moved = next(one for one in defs.sensors if one.name == "bronze_moved")
    instance = dg.DagsterInstance.ephemeral()
    told_once = moved.evaluate_tick(dg.build_sensor_context(instance))
    before = read_status(lake).checked_at
    moved.evaluate_tick(dg.build_sensor_context(instance, cursor=told_once.cursor))
    assert read_status(lake).checked_at != before, "what is published is up to date, and said so"


def test_a_backfill_of_a_day_builds_that_day(defs: Any, lake: Path) -> None:
    import dagster as dg

    before = read_published(lake).tables
    result = dg.materialize(
        [asset for asset in defs.assets if isinstance(asset, dg.AssetsDefinition)],
        selection=[dg.AssetKey(["gold", "fct_orders"])],
        partition_key="2026-02-03",
        raise_on_error=False,
    )
    assert result.success
    newest = runs(lake)[0]
    assert (newest.kind, newest.name) == ("backfill", "2026-02-03 fct_orders")
    after = read_published(lake).tables
    assert after["fct_orders"].version > before["fct_orders"].version
    assert after["fct_orders"].prints == before["fct_orders"].prints
    assert after["mart_customers"].version == before["mart_customers"].version


def test_numbers_that_contradict_each_other_fail_the_run_their_check_and_stay_unread(
    defs: Any, lake: Path, shop: tuple[Path, Source]
) -> None:
    before = read_published(lake)
    source = shop[1]
    source.commit(order("o1", number=1, total=999, op="u", at="2026-02-03T10:00:00Z"))
    source.flush()
    result = execute(defs)
    assert not result.success
    failed = [name for name, passed in checks(result).items() if not passed]
    assert "fit_to_publish" in failed
    assert "order_total_is_the_sum_of_its_lines" in failed
    assert read_published(lake) == before
    assert open_keys(lake) == ["publishing"]


def test_a_refresh_that_failed_is_asked_for_again_though_nothing_moved(
    defs: Any, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What refused it may be mended outside bronze: a rule, a disk."""
    import dagster as dg

    from bodega.apps.orchestration import definitions as graph

    with dg.DagsterInstance.ephemeral() as instance:
        moved = next(one for one in defs.sensors if one.name == "bronze_moved")
        cursor = moved.evaluate_tick(dg.build_sensor_context(instance)).cursor

        def asked() -> int:
            context = dg.build_sensor_context(instance, cursor=cursor)
            return len(moved.evaluate_tick(context).run_requests or ())

        with ownership(lake):
            assert not execute(defs, instance=instance).success
        assert asked() == 0, "not at once"
        monkeypatch.setattr(graph, "PAUSE", timedelta())
        assert asked() == 1
        with monkeypatch.context() as held:
            known = read_published(lake)
            held.setattr(graph, "read_published", lambda _: known.model_copy(update={"held": True}))
            assert asked() == 0, "people keep readers where they are"


def test_a_run_fails_while_another_owns_the_lake(defs: Any, lake: Path) -> None:
    with ownership(lake):
        result = execute(defs)
    assert not result.success
    assert "WarehouseOwned" in json.dumps(str(result.all_events))


def test_a_source_is_read_into_its_streams(defs: Any, lake: Path) -> None:
    result = execute(defs, "read_sources")
    assert result.success
    (event,) = _materialised(result)
    told = event.step_materialization_data.materialization
    assert told.asset_key.path == ["bronze", "suppliers__prices"]
    assert told.metadata["rows_kept"].value == 2
    assert (runs(lake)[0].kind, runs(lake)[0].trigger) == ("source", "dagster")


def test_schedules_and_sensors_ask_for_what_is_due(
    defs: Any, setting: Setting, shop: tuple[Path, Source]
) -> None:
    import dagster as dg

    due = next(one for one in defs.schedules if one.name == "sources_as_scheduled")
    at = datetime(2126, 1, 1, 12, 7, tzinfo=UTC)
    instance = dg.DagsterInstance.ephemeral()
    context = dg.build_schedule_context(instance, scheduled_execution_time=at)
    (asked,) = due.evaluate_tick(context).run_requests
    assert asked.tags["bodega/source"] == "suppliers"

    file = shop[0] / "sources.yml"
    more = "      stock: {path: 'stock*.csv', key: [sku]}\n"
    file.write_text(f"{DECLARED}{more}{DECLARED.replace('suppliers', 'another').split(':', 1)[1]}")
    context = dg.build_schedule_context(instance, scheduled_execution_time=at)
    (asked,) = due.evaluate_tick(context).run_requests
    assert [key.path[-1] for key in asked.asset_selection] == ["suppliers__prices"]
    assert "dagster:streams" in open_keys(shop[0] / "lake")
    file.write_text(DECLARED)
    due.evaluate_tick(dg.build_schedule_context(instance, scheduled_execution_time=at))
    assert "dagster:streams" not in open_keys(shop[0] / "lake")

    arrived = next(one for one in defs.sensors if one.name == "suppliers_files")
    first = arrived.evaluate_tick(dg.build_sensor_context(instance))
    assert len(first.run_requests) == 1
    seen = dg.build_sensor_context(instance, cursor=first.cursor)
    assert not arrived.evaluate_tick(seen).run_requests
    (shop[0] / "prices2.csv").write_text("sku,price\nC,3\n")
    assert arrived.evaluate_tick(seen).run_requests

    moved = next(one for one in defs.sensors if one.name == "bronze_moved")
    told = moved.evaluate_tick(dg.build_sensor_context(instance))
    assert len(told.run_requests) == 1
    again = dg.build_sensor_context(instance, cursor=told.cursor)
    before = read_status(shop[0] / "lake").checked_at
    assert not moved.evaluate_tick(again).run_requests
    assert read_status(shop[0] / "lake").checked_at == before, "the newest order is not published"


def _materialised(result: Any) -> list[Any]:
    return [
        event for event in result.all_events if event.event_type_value == "ASSET_MATERIALIZATION"
    ]


@pytest.fixture(autouse=True)
def _dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")

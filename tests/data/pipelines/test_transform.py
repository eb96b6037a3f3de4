"""The dbt project keeps its promises: unit tests beside the marts, contracts, stated grains."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bodega.data.pipelines.bronze import TABLES
from bodega.data.pipelines.dbt import Project, project_fingerprint
from bodega.data.pipelines.warehouse import Warehouse


def test_the_unit_tests_beside_the_marts_pass(
    lake: Path, manifest: Any, empty_warehouse: Path
) -> None:
    lake.mkdir()
    shutil.copy(empty_warehouse, lake / "warehouse.duckdb")
    went = Project(Warehouse(lake), manifest).run("test", "--select", "test_type:unit")
    assert len(went) >= 3
    assert set(went.values()) == {"pass"}, went


def test_every_published_model_has_a_contract_a_grain_and_a_test_of_it(manifest: Any) -> None:
    published = [n for n in manifest.nodes.values() if n.config.meta.get("publish")]
    tested = {
        node.attached_node
        for node in manifest.nodes.values()
        if node.resource_type == "test" and node.name.startswith("unique")
    }
    assert published
    for node in published:
        assert node.config.contract.enforced, node.name
        assert node.description.startswith("Grain - "), node.name
        assert node.unique_id in tested, node.name


def test_money_is_whole_minor_units_beside_its_currency(manifest: Any) -> None:
    for node in manifest.nodes.values():
        if node.config.meta.get("publish") if node.resource_type == "model" else False:
            amounts = [c for name, c in node.columns.items() if name.endswith("_amount")]
            assert all(column.data_type == "bigint" for column in amounts), node.name
            assert not amounts or "currency" in node.columns, node.name


def test_every_bronze_table_that_dbt_reads_is_registered(manifest: Any) -> None:
    sources = {s.name for s in manifest.sources.values() if s.source_name == "bronze"}
    assert sources == set(TABLES)


def test_nothing_of_dbt_is_written_into_the_package(manifest: Any) -> None:
    from bodega.data.pipelines.dbt import PROJECT

    assert manifest
    assert not any((PROJECT / name).exists() for name in ("target", "logs", ".user.yml"))


def test_the_fingerprint_is_stable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert project_fingerprint() == project_fingerprint.__wrapped__()

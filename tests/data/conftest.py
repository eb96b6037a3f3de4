"""A lake in a temporary folder and the dbt project, parsed once a worker."""

import shutil
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if find_spec("dbt") is None:
    pytest.skip("needs the lake's libraries", allow_module_level=True)

from bodega.data.pipelines.days import Days
from bodega.data.pipelines.dbt import Transforms
from bodega.data.pipelines.refresh import Outcome, refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.bronze import Source


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Transforms(Warehouse(tmp_path_factory.mktemp("parse"))).manifest()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def source(lake: Path) -> Source:
    return Source(lake)


Refresh = Callable[..., Outcome]


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Path:
    """Every model built over a bronze without a row: where each test starts, a second earlier."""
    warehouse = Warehouse(tmp_path_factory.mktemp("empty"), memory_mb=512)
    transforms = Transforms(warehouse, manifest)
    assert refresh(warehouse, transforms, full=True).state == "published"
    Transforms(warehouse).manifest()
    with warehouse.open() as con:
        con.execute("checkpoint")
    return warehouse.path


@pytest.fixture
def refreshed(lake: Path, manifest: Any, empty_warehouse: Path) -> Refresh:
    warehouse = Warehouse(lake, memory_mb=512)
    transforms = Transforms(warehouse, manifest)
    lake.mkdir(parents=True)
    shutil.copy(empty_warehouse, warehouse.path)
    shutil.copytree(empty_warehouse.parent / "dbt", lake / "dbt")

    def run(*, full: bool = False, upto: int | None = None, days: Days | None = None) -> Outcome:
        return refresh(warehouse, transforms, full=full, upto=upto, days=days)

    return run


@pytest.fixture
def warehouse_rows(lake: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        with Warehouse(lake).open() as con:
            return con.execute(sql).fetchall()

    return rows

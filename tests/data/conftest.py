"""A lake in a temporary folder and the dbt project, parsed once a worker."""

import fcntl
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
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.refresh import Outcome, refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.bronze import Source


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake without a row, every model built: made once, each worker has a copy of its own."""
    mine = tmp_path_factory.getbasetemp()
    shared = (mine.parent if mine.name.startswith("popen-") else mine) / "built"
    with (shared.parent / "built.lock").open("w") as lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            warehouse = Warehouse(shared, memory_mb=512)
            outcome = refresh(warehouse, Project(warehouse).plan(), full=True)
            assert outcome.state == "published", outcome.failures
    return Path(shutil.copytree(shared, tmp_path_factory.mktemp("built") / "lake"))


@pytest.fixture(scope="session")
def project(built: Path) -> Project:
    """The dbt project, compiled."""
    return Project(Warehouse(built))


@pytest.fixture(scope="session")
def plan(project: Project) -> Plan:
    return project.plan()


@pytest.fixture(scope="session")
def manifest(project: Project) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return project.manifest()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def source(lake: Path) -> Source:
    return Source(lake)


Refresh = Callable[..., Outcome]


@pytest.fixture(scope="session")
def empty_warehouse(built: Path) -> Path:
    """Where each test starts, some seconds earlier."""
    return Warehouse(built).path


@pytest.fixture
def refreshed(lake: Path, plan: Plan, empty_warehouse: Path) -> Refresh:
    warehouse = Warehouse(lake, memory_mb=512)
    lake.mkdir(parents=True)
    shutil.copy(empty_warehouse, warehouse.path)
    shutil.copytree(empty_warehouse.parent / "dbt", lake / "dbt")

    def run(*, full: bool = False, upto: int | None = None, days: Days | None = None) -> Outcome:
        return refresh(warehouse, plan, full=full, upto=upto, days=days)

    return run


@pytest.fixture
def warehouse_rows(lake: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        with Warehouse(lake).open() as con:
            return con.execute(sql).fetchall()

    return rows

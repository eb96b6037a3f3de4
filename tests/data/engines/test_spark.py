"""The same models give the same gold on Spark: every table by its rows and their hashes.

A build on Spark takes minutes: `make test-spark`, which has an environment of its own.
"""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from bodega.data.lake.published import read_published
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.refresh import refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.data.engines.day import fill

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        find_spec("pyspark") is None, reason="no pyspark here: `make test-spark` brings it"
    ),
    pytest.mark.skipif(
        shutil.which("java") is None and "JAVA_HOME" not in os.environ,
        reason="Spark needs Java 17: install openjdk-17-jre-headless, or set JAVA_HOME",
    ),
]


@pytest.mark.filterwarnings("ignore")
def test_every_gold_table_is_the_same_on_spark(tmp_path: Path) -> None:
    from bodega.data.pipelines.spark import run

    lake = tmp_path / "lake"
    fill(lake)
    warehouse = Warehouse(lake, memory_mb=512)
    outcome = refresh(warehouse, Project(warehouse).plan(), full=True)
    assert outcome.state == "published", outcome.failures
    compared = run(lake, tmp_path / "spark")
    assert {line.table for line in compared} == set(read_published(lake).tables)
    assert [line for line in compared if not line.agrees] == []
    assert sum(line.published[0] for line in compared) > 1000

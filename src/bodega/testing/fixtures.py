"""Fixtures for pytest: `pytest_plugins = ["bodega.testing.fixtures"]`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bodega.testing.doubles import EcbDouble, FmpDouble, OpenMeteoDouble
from bodega.testing.lake import TestLake


@pytest.fixture
def lake_in_folder(tmp_path: Path) -> TestLake:
    """A lake in the test's own folder: it can be looked at after a failure."""
    return TestLake(tmp_path / "data")


@pytest.fixture
def lake_in_memory() -> Iterator[TestLake]:
    """A lake on the memory disk."""
    with TestLake.in_memory() as lake:
        yield lake


@pytest.fixture
def fmp_double() -> FmpDouble:
    return FmpDouble()


@pytest.fixture
def weather_double() -> OpenMeteoDouble:
    return OpenMeteoDouble()


@pytest.fixture
def ecb_double() -> EcbDouble:
    return EcbDouble()

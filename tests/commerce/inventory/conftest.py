"""Fixtures of inventory's tests."""

import pytest

from bodega.backbone.module import Context
from tests.commerce.inventory.store import Store


@pytest.fixture
def store(context: Context) -> Store:
    return Store(context)

"""Fixtures of inventory's tests."""

import pytest

from bodega.backbone.module import Context
from tests.commerce.inventory.desk import Desk
from tests.commerce.inventory.store import Store
from tests.kit.doors import Doors


@pytest.fixture
def store(context: Context) -> Store:
    return Store(context)


@pytest.fixture
async def desk(doors: Doors) -> Desk:
    return Desk(await doors.staff(await doors.admin()))

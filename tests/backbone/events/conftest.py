"""Probe tables and a server without an old slot."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bodega.backbone.db import Database
from bodega.backbone.settings import Settings
from tests.backbone.events.probe import prepare


@pytest.fixture
def probed(settings: Settings) -> Iterator[Settings]:
    prepare(settings)
    yield settings
    prepare(settings)


@pytest.fixture
async def database(probed: Settings) -> AsyncIterator[Database]:
    database = Database(probed)
    yield database
    await database.close()

"""One broker a worker, started by the first test that asks; a shop whose relay knows it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bodega.backbone.db import Database
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.settings import Settings
from bodega.testing.registry import SchemaRegistry
from tests.backbone.events.probe import prepare
from tests.kit.kafka import Broker, fresh, running_broker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def wired(settings: Settings, broker: Broker) -> Settings:
    """Settings with a prefix of the test's own."""
    prepare(settings)
    return settings.model_copy(
        update={"events_kafka_servers": broker.servers, "events_kafka_prefix": fresh("shop")}
    )


@pytest.fixture
async def database(wired: Settings) -> AsyncIterator[Database]:
    database = Database(wired)
    yield database
    await database.close()


@pytest.fixture
def double() -> SchemaRegistry:
    return SchemaRegistry(level="FULL_TRANSITIVE")


@pytest.fixture
async def registry(double: SchemaRegistry) -> AsyncIterator[Registry]:
    transport = httpx.ASGITransport(double.app)
    registry = Registry("http://registry.test", client=httpx.AsyncClient(transport=transport))
    yield registry
    await registry.aclose()

"""A shop whose payment provider is a double on a line that can be cut."""

from collections.abc import Iterator

import pytest

from bodega.backbone.settings import Settings
from tests.kit.provider import RunningProvider, running_provider


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def provider(running: RunningProvider) -> Iterator[RunningProvider]:
    """The double, its line mended afterwards."""
    yield running
    running.line.mend()


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(
        update={"payments_url": provider.url, "payments_timeout_seconds": 0.5}
    )

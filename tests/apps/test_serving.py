"""The process beside the shop that answers what needs the lake."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bodega.apps.serving import build
from bodega.backbone.http.remote import RemoteFailed, remote
from bodega.backbone.settings import Settings, load_settings
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.contracts.recommend import Recommender
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import ProductId
from bodega.ml.recommend.train import train
from tests.ml.gold import END, pairs, product, publish_sales

URL = "http://serving.test"
CUP = ProductId(product("p3-a"))


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


@pytest.fixture
async def client(alone: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = build(alone)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client,
    ):
        yield client


def ask(client: httpx.AsyncClient, settings: Settings) -> Recommender:
    token = settings.internal_token.get_secret_value()
    return remote(Recommender, URL, token=token, timeout=5, client=client)


async def test_it_starts_with_nothing_and_says_so(
    client: httpx.AsyncClient, alone: Settings
) -> None:
    token = alone.internal_token.get_secret_value()
    answer = await ask(client, alone).also_bought(product_id=CUP)
    assert answer.source == "none"
    freshness = remote(Freshness, URL, token=token, timeout=5, client=client)
    assert (await freshness.report()).state == "empty"
    metrics = remote(Metrics, URL, token=token, timeout=5, client=client)
    sales = await metrics.sales_on(day=datetime.now(UTC).date(), currency="GBP")
    assert sales.orders == 0
    assert (await client.get("/health/startup")).status_code == 200


async def test_a_model_trained_meanwhile_answers_without_a_restart(
    client: httpx.AsyncClient, alone: Settings
) -> None:
    lake, models = Path(alone.lake_root), alone.data_dir / "models"
    publish_sales(lake, pairs(1500))
    card = train(lake, models, clock=FixedClock(END))
    assert card is not None
    recommender = ask(client, alone)
    for _ in range(100):
        answer = await recommender.also_bought(product_id=CUP)
        if answer.source == "model":
            break
        await asyncio.sleep(0.1)
    assert (answer.source, answer.model_version) == ("model", card.version)
    assert answer.product_ids[0] == product("p3-b")


async def test_the_doors_are_closed_to_strangers(
    client: httpx.AsyncClient, alone: Settings
) -> None:
    stranger = remote(Recommender, URL, token="guess", timeout=5, client=client)
    with pytest.raises(RemoteFailed, match="401"):
        await stranger.also_bought(product_id=CUP)

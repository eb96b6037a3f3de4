"""The process beside the shop that answers what needs the lake."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bodega.apps.serving import build
from bodega.backbone.http.remote import RemoteFailed, remote
from bodega.backbone.http.session import LateSession
from bodega.backbone.settings import Settings, load_settings
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.contracts.recommend import Recommender
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import ProductId
from bodega.ml.recommend.train import train
from tests.kit.served import served
from tests.ml.gold import END, pairs, product, publish_sales

CUP = ProductId(product("p3-a"))


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


@pytest.fixture
def url(alone: Settings) -> Iterator[str]:
    with served(build(alone)) as url:
        yield url


@pytest.fixture
def recommender(alone: Settings, url: str, session: LateSession) -> Recommender:
    token = alone.internal_token.get_secret_value()
    return remote(Recommender, url, token=token, timeout=5, session=session)


async def test_it_starts_with_nothing_and_says_so(
    recommender: Recommender, alone: Settings, url: str, session: LateSession
) -> None:
    token = alone.internal_token.get_secret_value()
    assert (await recommender.also_bought(product_id=CUP)).source == "none"
    freshness = remote(Freshness, url, token=token, timeout=5, session=session)
    assert (await freshness.report()).state == "empty"
    metrics = remote(Metrics, url, token=token, timeout=5, session=session)
    sales = await metrics.sales_on(day=datetime.now(UTC).date(), currency="GBP")
    assert sales.orders == 0
    assert (await session.opened.get(f"{url}/health/startup")).status == 200


async def test_a_model_trained_meanwhile_answers_without_a_restart(
    recommender: Recommender, alone: Settings
) -> None:
    lake, models = Path(alone.lake_root), alone.data_dir / "models"
    publish_sales(lake, pairs(1500))
    card = train(lake, models, clock=FixedClock(END))
    assert card is not None
    for _ in range(100):
        answer = await recommender.also_bought(product_id=CUP)
        if answer.source == "model":
            break
        await asyncio.sleep(0.1)
    assert (answer.source, answer.model_version) == ("model", card.version)
    assert answer.product_ids[0] == product("p3-b")


async def test_the_doors_are_closed_to_strangers(url: str, session: LateSession) -> None:
    stranger = remote(Recommender, url, token="guess", timeout=5, session=session)
    with pytest.raises(RemoteFailed, match="401"):
        await stranger.also_bought(product_id=CUP)

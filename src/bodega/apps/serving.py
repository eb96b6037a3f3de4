"""The process that answers what needs the lake: recommendations, metrics, freshness."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from bodega.apps.run import serve
from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.remote import expose
from bodega.backbone.settings import Settings, load_settings
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.contracts.recommend import Recommender
from bodega.insight.freshness import PublishedFreshness
from bodega.insight.gold import GoldReader
from bodega.insight.metrics import GoldMetrics
from bodega.kernel.clock import SystemClock
from bodega.ml.recommend.predictions import PredictionLog
from bodega.ml.recommend.service import RecommendService

REFRESH_SECONDS = 1.0


def build(settings: Settings) -> FastAPI:
    """Three contracts over HTTP, closed to whoever lacks the internal token. It starts with an
    empty lake and follows what pipelines publish and training promotes."""
    clock = SystemClock()
    lake = Path(settings.lake_root)
    predictions = PredictionLog(lake, clock)
    recommender = RecommendService(lake, settings.data_dir / "models", predictions)
    answers: dict[type, object] = {
        Recommender: recommender,
        Metrics: GoldMetrics(GoldReader(lake)),
        Freshness: PublishedFreshness(lake, clock),
    }
    token = settings.internal_token.get_secret_value()
    return create_app(
        settings,
        title=f"{settings.shop_name}: models and metrics",
        routers=[expose(protocol, answer, token=token) for protocol, answer in answers.items()],
        container=Container(),
        database=None,
        lifespan=_lifespan(recommender, predictions),
    )


def _lifespan(
    recommender: RecommendService, predictions: PredictionLog
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(recommender.refresh)
        following = asyncio.create_task(_follow(recommender, predictions))
        app.state.started = True
        yield
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await asyncio.to_thread(predictions.flush)

    return lifespan


async def _follow(recommender: RecommendService, predictions: PredictionLog) -> None:
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        await asyncio.to_thread(recommender.refresh)
        await asyncio.to_thread(predictions.flush)


if __name__ == "__main__":
    settings = load_settings()
    serve(build(settings), settings, host=settings.serving_host, port=settings.serving_port)

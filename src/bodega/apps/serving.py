"""The process that answers what needs the lake: recommendations, fraud, metrics, freshness."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol

from fastapi import FastAPI

from bodega.apps.alerting import keep_telling
from bodega.apps.repair import drive_again
from bodega.apps.run import serve
from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.remote import expose
from bodega.backbone.settings import Settings, load_settings
from bodega.contracts.accesses import Accesses
from bodega.contracts.dex import Datasets
from bodega.contracts.dictionary import Dictionary
from bodega.contracts.fraud import Fraud
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.contracts.personal import PersonalRecords
from bodega.contracts.pipelines import Pipelines
from bodega.contracts.quality import Quality
from bodega.contracts.recommend import Recommender
from bodega.data.lake.storage import LakeRoot
from bodega.insight.accesses import LakeAccesses
from bodega.insight.dictionary import LakeDictionary
from bodega.insight.freshness import PublishedFreshness
from bodega.insight.gold import GoldReader
from bodega.insight.metrics import GoldMetrics
from bodega.insight.personal import LakePersonalRecords
from bodega.insight.pipelines import PipelineRecords
from bodega.insight.quality import LakeQuality
from bodega.insight.routes import stream_router
from bodega.insight.streams import GoldStreams
from bodega.kernel.clock import SystemClock
from bodega.ml.answers import AnswerLog
from bodega.ml.fraud import NAME as FRAUD
from bodega.ml.fraud import VISITS
from bodega.ml.fraud.service import FraudService
from bodega.ml.fraud.velocity import KEEP
from bodega.ml.recommend.predictions import PredictionLog
from bodega.ml.recommend.service import RecommendService

REFRESH_SECONDS = 1.0


def build(settings: Settings) -> FastAPI:
    """Contracts and a stream over HTTP, closed to whoever lacks the internal token. It starts with
    an empty lake and follows what pipelines publish and training promotes."""
    clock = SystemClock()
    lake = LakeRoot.of(settings)
    predictions = PredictionLog(lake, clock)
    recommender = RecommendService(lake, settings.data_dir / "models", predictions)
    scores = AnswerLog(lake, FRAUD, clock)
    visits = AnswerLog(lake, VISITS, clock, keep=KEEP)
    fraud = FraudService(lake, clock, scores, visits, large=settings.fraud_open_below)
    gold = GoldReader(lake)
    streams = GoldStreams(lake, gold)
    freshness = PublishedFreshness(lake, clock, settings.quality_file)
    answers: dict[type, object] = {
        Recommender: recommender,
        Fraud: fraud,
        Metrics: GoldMetrics(gold),
        Pipelines: PipelineRecords(lake),
        Freshness: freshness,
        PersonalRecords: LakePersonalRecords(lake, settings),
        Datasets: streams,
        Quality: LakeQuality(
            lake,
            clock,
            policy=settings.quality_file,
            sources=settings.sources_file,
            drive=lambda ids, repair: drive_again(settings, ids, repair),
        ),
        Dictionary: LakeDictionary(lake, freshness),
        Accesses: LakeAccesses(gold.access, kept_days=settings.lake_access_days),
    }
    token = settings.internal_token.get_secret_value()
    return create_app(
        settings,
        title=f"{settings.shop_name}: models and metrics",
        routers=[
            stream_router(streams, token=token),
            *(expose(protocol, answer, token=token) for protocol, answer in answers.items()),
        ],
        container=Container(),
        database=None,
        lifespan=_lifespan(
            refreshed=(recommender, fraud), logs=(predictions, scores, visits, gold.access)
        ),
    )


class _Refreshed(Protocol):
    def refresh(self) -> None: ...


class _Flushed(Protocol):
    def flush(self) -> int: ...


def _lifespan(
    *, refreshed: Sequence[_Refreshed], logs: Sequence[_Flushed]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await _once(refreshed, ())
        following = asyncio.create_task(_follow(refreshed, logs))
        app.state.started = True
        yield
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await _once((), logs)

    return lifespan


async def _follow(refreshed: Sequence[_Refreshed], logs: Sequence[_Flushed]) -> None:
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        await _once(refreshed, logs)


async def _once(refreshed: Sequence[_Refreshed], logs: Sequence[_Flushed]) -> None:
    for model in refreshed:
        await asyncio.to_thread(model.refresh)
    for log in logs:
        await asyncio.to_thread(log.flush)


def _watch(settings: Settings) -> None:
    """Pipelines that died cannot say so: alerts are told from here as well."""
    work = partial(keep_telling, settings, threading.Event(), watching=True)
    threading.Thread(target=work, name="alerts", daemon=True).start()


if __name__ == "__main__":
    settings = load_settings()
    _watch(settings)
    serve(build(settings), settings, host=settings.serving_host, port=settings.serving_port)

"""The wiring that every process shares: settings → servers → who answers for what."""

from dataclasses import dataclass

import httpx

from bodega.apps.modules import modules
from bodega.backbone.cache import Cache
from bodega.backbone.container import Container
from bodega.backbone.db import Database
from bodega.backbone.http.remote import remote
from bodega.backbone.job_runs import JobRuns
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.backbone.workflows import Workflows
from bodega.contracts.forecast import Forecasts
from bodega.contracts.fraud import Fraud
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.contracts.personal import PersonalRecords
from bodega.contracts.pricing import Pricing
from bodega.contracts.recommend import Recommender
from bodega.contracts.shipping import Shipping
from bodega.kernel.clock import SystemClock

_REVEAL_SECONDS = 30.0  # it reads all of bronze


@dataclass(slots=True)
class Shop:
    """A composed process: its context and what must be closed in the end."""

    context: Context
    client: httpx.AsyncClient

    async def close(self) -> None:
        await self.context.container.close()
        await self.client.aclose()
        await self.context.cache.close()
        await self.context.database.close()


def compose(settings: Settings) -> Shop:
    """Local services for the shop's modules, HTTP clients for models and metrics."""
    container = Container()
    context = Context(
        settings=settings,
        database=Database(settings),
        cache=Cache(settings),
        clock=SystemClock(),
        container=container,
    )
    for module in modules():
        for protocol, build in module.provides.items():
            container.bind(protocol, build(context))
    sources = [build(context) for module in modules() for build in module.workflows]
    container.bind(Workflows, Workflows([*sources, JobRuns(context)]))
    client = httpx.AsyncClient()
    _bind_serving(container, settings, client)
    _bind_engines(container, settings, client)
    return Shop(context=context, client=client)


def _bind_serving(container: Container, settings: Settings, client: httpx.AsyncClient) -> None:
    token = settings.internal_token.get_secret_value()
    for protocol, timeout in (
        (Recommender, settings.recommend_timeout_seconds),
        (Fraud, settings.fraud_timeout_seconds),
        (Metrics, settings.metrics_timeout_seconds),
        (Freshness, settings.metrics_timeout_seconds),
        (PersonalRecords, _REVEAL_SECONDS),
    ):
        answer = remote(protocol, settings.serving_url, token=token, timeout=timeout, client=client)
        container.bind(protocol, answer)


def _bind_engines(container: Container, settings: Settings, client: httpx.AsyncClient) -> None:
    """Outside engines in the place of our own pricing and shipping, and of no forecast."""
    for protocol, url, token, timeout in (
        (
            Pricing,
            settings.pricing_url,
            settings.pricing_token,
            settings.pricing_timeout_seconds,
        ),
        (
            Forecasts,
            settings.forecast_url,
            settings.forecast_token,
            settings.forecast_timeout_seconds,
        ),
        (
            Shipping,
            settings.shipping_url,
            settings.shipping_token,
            settings.shipping_timeout_seconds,
        ),
    ):
        if url is not None:
            shown = token.get_secret_value()
            answer = remote(protocol, url, token=shown, timeout=timeout, client=client)
            container.bind(protocol, answer)

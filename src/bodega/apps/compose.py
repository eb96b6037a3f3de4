"""The wiring that every process shares: settings → servers → who answers for what."""

from dataclasses import dataclass
from typing import Self

from bodega.apps.modules import modules
from bodega.backbone.cache import Cache
from bodega.backbone.container import Container
from bodega.backbone.db import Database
from bodega.backbone.events.stuck import StuckEvents
from bodega.backbone.http.remote import remote, remote_session
from bodega.backbone.http.session import LateSession
from bodega.backbone.job_runs import JobRuns
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.backbone.workflows import Workflows
from bodega.contracts.accesses import Accesses
from bodega.contracts.dex import Datasets
from bodega.contracts.dictionary import Dictionary
from bodega.contracts.forecast import Forecasts
from bodega.contracts.fraud import Fraud
from bodega.contracts.freshness import Freshness
from bodega.contracts.metrics import Metrics
from bodega.contracts.personal import PersonalRecords
from bodega.contracts.pipelines import Pipelines
from bodega.contracts.pricing import Pricing
from bodega.contracts.quality import Quality
from bodega.contracts.recommend import Recommender
from bodega.contracts.shipping import Shipping
from bodega.kernel.clock import SystemClock

_QUALITY_SECONDS = 15.0  # a row that is driven again is read, written and mapped anew
_REVEAL_SECONDS = 30.0  # it reads all of bronze


@dataclass(frozen=True, slots=True)
class Connections:
    """What a process keeps open to its servers and to other processes."""

    database: Database
    cache: Cache
    session: LateSession

    @classmethod
    def to(cls, settings: Settings) -> Self:
        """Nothing is reached before it is used."""
        return cls(Database(settings), Cache(settings), remote_session())

    async def close(self) -> None:
        await self.session.close()
        await self.cache.close()
        await self.database.close()


@dataclass(slots=True)
class Shop:
    """A composed process: its context and the connections that it must close in the end."""

    context: Context
    own: Connections | None

    async def close(self) -> None:
        await self.context.container.close()
        if self.own is not None:
            await self.own.close()


def compose(settings: Settings, lent: Connections | None = None) -> Shop:
    """Local services for the shop's modules, HTTP clients for models and metrics.

    Connections that are lent outlive the shop; it closes its own.
    """
    connections = lent or Connections.to(settings)
    container = Container()
    context = Context(
        settings=settings,
        database=connections.database,
        cache=connections.cache,
        clock=SystemClock(),
        container=container,
    )
    for module in modules():
        for protocol, build in module.provides.items():
            container.bind(protocol, build(context))
    sources = [build(context) for module in modules() for build in module.workflows]
    container.bind(Workflows, Workflows([*sources, JobRuns(context)]))
    container.bind(StuckEvents, StuckEvents(connections.database))
    _bind_serving(container, settings, connections.session)
    _bind_engines(container, settings, connections.session)
    return Shop(context=context, own=None if lent else connections)


def _bind_serving(container: Container, settings: Settings, session: LateSession) -> None:
    token = settings.internal_token.get_secret_value()
    for protocol, timeout in (
        (Recommender, settings.recommend_timeout_seconds),
        (Fraud, settings.fraud_timeout_seconds),
        (Metrics, settings.metrics_timeout_seconds),
        (Freshness, settings.metrics_timeout_seconds),
        (Pipelines, settings.metrics_timeout_seconds),
        (PersonalRecords, _REVEAL_SECONDS),
        (Datasets, settings.metrics_timeout_seconds),
        (Quality, _QUALITY_SECONDS),
        (Dictionary, settings.metrics_timeout_seconds),
        (Accesses, settings.metrics_timeout_seconds),
    ):
        answer = remote(
            protocol, settings.serving_url, token=token, timeout=timeout, session=session
        )
        container.bind(protocol, answer)


def _bind_engines(container: Container, settings: Settings, session: LateSession) -> None:
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
            answer = remote(protocol, url, token=shown, timeout=timeout, session=session)
            container.bind(protocol, answer)

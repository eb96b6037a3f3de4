"""Use cases of data exchange."""

import asyncio
from collections.abc import Sequence

import httpx

from bodega.backbone.http.breaker import Breaker
from bodega.backbone.http.certificates import certificates
from bodega.backbone.http.outside import Outside
from bodega.backbone.module import Context
from bodega.commerce.dex.adapters.market import Fmp
from bodega.commerce.dex.adapters.serving import ServingInsights
from bodega.commerce.dex.adapters.weather import OpenMeteo
from bodega.contracts.dex import Datasets, ExternalData, Place


class ExternalService:
    """Answers `bodega.contracts.dex.External`."""

    def __init__(self, context: Context, *, transport: httpx.AsyncBaseTransport | None = None):
        settings = context.settings
        self._client = httpx.AsyncClient(transport=transport, verify=certificates())
        self._weather = OpenMeteo(self._outside(context, "open-meteo"), settings.weather_url)
        self._market = Fmp(self._outside(context, "fmp"), settings.fmp_url, settings.fmp_key)

    async def look(
        self, *, place: Place | None, past_days: int, symbols: Sequence[str]
    ) -> ExternalData:
        weather = self._weather.at(place, past_days=past_days) if place else _nothing()
        found, *quotes = await asyncio.gather(
            weather, *(self._market.quote(symbol) for symbol in dict.fromkeys(symbols))
        )
        return ExternalData(weather=found, market=quotes)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _outside(self, context: Context, name: str) -> Outside:
        settings = context.settings
        return Outside(
            name,
            client=self._client,
            cache=context.cache,
            clock=context.clock,
            breaker=Breaker(
                context.clock,
                failures=settings.dex_failures,
                pause_seconds=settings.dex_pause_seconds,
            ),
            timeout_seconds=settings.dex_timeout_seconds,
            fresh_seconds=settings.dex_fresh_seconds,
            stale_seconds=settings.dex_stale_hours * 3600,
        )


async def _nothing() -> None:
    return None


class InsightsService(ServingInsights):
    """Answers `bodega.contracts.dex.Insights`."""

    def __init__(self, context: Context, *, client: httpx.AsyncClient | None = None) -> None:
        settings = context.settings
        self._own = client or httpx.AsyncClient(verify=certificates())
        super().__init__(
            self._own,
            settings.serving_url,
            token=settings.internal_token.get_secret_value(),
            datasets=lambda: context.container.get(Datasets),
            timeout_seconds=settings.metrics_timeout_seconds,
        )

    async def aclose(self) -> None:
        await self._own.aclose()

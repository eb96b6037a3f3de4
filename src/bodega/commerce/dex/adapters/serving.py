"""The serving process, which has the lake at hand: its datasets, and their rows chunk by chunk."""

from collections.abc import AsyncIterator, Callable

import httpx

from bodega.backbone.http.remote import ACTOR
from bodega.backbone.telemetry.context import current_actor
from bodega.commerce.dex.errors import ColumnUnknown, DatasetUnknown, InsightsUnavailable
from bodega.contracts.dex import Dataset, Datasets, InsightQuery
from bodega.kernel.errors import BodegaError

_ERRORS: dict[int, type[BodegaError]] = {400: ColumnUnknown, 404: DatasetUnknown}


class ServingInsights:
    """Answers `Insights`: nothing is held but the chunk under way."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        *,
        token: str,
        datasets: Callable[[], Datasets],
        timeout_seconds: float,
    ) -> None:
        self._client, self._url, self._datasets = client, url, datasets
        self._headers = {"authorization": f"Internal {token}"}
        self._timeout = httpx.Timeout(timeout_seconds, read=60.0)

    async def datasets(self) -> list[Dataset]:
        return await self._datasets().datasets()

    async def stream(self, query: InsightQuery) -> AsyncIterator[bytes]:
        asked = self._client.build_request(
            "POST",
            f"{self._url}/internal/insights/rows",
            content=query.model_dump_json(),
            headers={
                **self._headers,
                "content-type": "application/json",
                ACTOR: current_actor() or "",
            },
            timeout=self._timeout,
        )
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.HTTPError as error:
            raise InsightsUnavailable from error
        if answer.status_code != 200:
            await answer.aclose()
            raise _ERRORS.get(answer.status_code, InsightsUnavailable)
        return _chunks(answer)


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    """As fast as they are taken: the next is read when the last has gone out."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()

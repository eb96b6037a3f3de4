"""The history of the pipelines, for who asks over HTTP."""

import anyio.to_thread

from bodega.contracts.pipelines import AlertView, RunDetail, RunKind, RunView
from bodega.data.lake.storage import Place, at
from bodega.data.operations.alerts import alerts
from bodega.data.operations.runs import run_of, runs


class PipelineRecords:
    """Implements `bodega.contracts.pipelines.Pipelines` over the work folder of the lake."""

    def __init__(self, lake: Place) -> None:
        self._work = at(lake).work

    async def runs(self, *, kind: RunKind | None = None, limit: int = 50) -> list[RunView]:
        return await anyio.to_thread.run_sync(lambda: runs(self._work, kind=kind, limit=limit))

    async def run(self, *, run_id: str) -> RunDetail | None:
        return await anyio.to_thread.run_sync(lambda: run_of(self._work, run_id))

    async def alerts(self, *, open_only: bool = False, limit: int = 50) -> list[AlertView]:
        return await anyio.to_thread.run_sync(
            lambda: alerts(self._work, open_only=open_only, limit=limit)
        )

"""The door through which the shop's process takes rows: closed without the internal token."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from bodega.backbone.http.deps import Anyone
from bodega.backbone.http.remote import check_internal
from bodega.contracts.dex import InsightQuery
from bodega.insight.streams import GoldStreams

NDJSON = "application/x-ndjson"


def stream_router(streams: GoldStreams, *, token: str) -> APIRouter:
    router = APIRouter(prefix="/internal/insights", include_in_schema=False)

    @router.post("/rows", response_class=StreamingResponse)
    async def rows(request: Request, who: Anyone, query: InsightQuery) -> StreamingResponse:
        """Rows of one published table, a JSON object a line."""
        check_internal(request, token)
        return StreamingResponse(await streams.open(query), media_type=NDJSON)

    return router

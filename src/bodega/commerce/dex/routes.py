"""HTTP of data exchange: for staff, also without the version (`/api/external-data`)."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from bodega.backbone.http.deps import Staff, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.dex.errors import NothingAsked
from bodega.commerce.dex.schemas import RowsQuery, WorldQuery
from bodega.contracts.dex import Dataset, External, ExternalData, Insights

router = api_router("dex", "")

NDJSON = "application/x-ndjson"
World = Annotated[External, provided(External)]
Figures = Annotated[Insights, provided(Insights)]


@router.get("/external-data")
async def get_external_data(
    who: Staff, external: World, asked: Annotated[WorldQuery, Query()]
) -> ExternalData:
    """Weather at a place and quotes of symbols, each with its own state."""
    if asked.place is None and not asked.symbols:
        raise NothingAsked
    return await external.look(place=asked.place, past_days=asked.past_days, symbols=asked.symbols)


@router.get("/insights/datasets")
async def list_datasets(who: Staff, insights: Figures) -> list[Dataset]:
    """What `/insights` can stream."""
    return await insights.datasets()


@router.get("/insights", response_class=StreamingResponse)
async def stream_insights(
    who: Staff, insights: Figures, asked: Annotated[RowsQuery, Query()]
) -> StreamingResponse:
    """Rows of a published table, a JSON object a line; money in minor units."""
    return StreamingResponse(await insights.stream(asked.query()), media_type=NDJSON)


ROUTERS: list[APIRouter] = [router]

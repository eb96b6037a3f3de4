"""Who read which table of the lake, for admins."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.accesses import Accesses
from bodega.kernel.errors import Unavailable
from bodega.web.access import ConsoleAdmin
from bodega.web.pages import render

router = APIRouter(prefix="/console/dictionary/reads", include_in_schema=False)
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """`by` and `table` may be parts of a name."""

    by: Annotated[str, Query(max_length=100)] = ""
    table: Annotated[str, Query(max_length=100)] = ""
    personal: bool = False


@router.get("")
async def show_reads(
    request: Request,
    who: ConsoleAdmin,
    accesses: Annotated[Accesses, provided(Accesses)],
    wanted: Annotated[Wanted, Depends(Wanted)],
) -> Response:
    """The newest reads; those of personal columns only, by somebody, or of a table."""
    try:
        report = await accesses.report(
            who=wanted.by or None,
            table=wanted.table or None,
            personal=wanted.personal,
            limit=SHOWN,
        )
    except Unavailable:
        report = None
    return render(request, "console/reads.html", report=report, wanted=wanted)

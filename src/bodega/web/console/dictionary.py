"""The data dictionary in the console: tables, columns, and a picture of where each comes from."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.dictionary import Dictionary, Layer
from bodega.contracts.quality import Quality, TableReport
from bodega.kernel.errors import BodegaError, NotFound, Unavailable
from bodega.kernel.principal import Role
from bodega.web.access import ConsoleStaff
from bodega.web.console.lineage_picture import picture_of
from bodega.web.pages import render

router = APIRouter(prefix="/console/dictionary", include_in_schema=False)

Words = Annotated[Dictionary, provided(Dictionary)]
LAYERS: tuple[Layer, ...] = get_args(Layer)
FIRST: Layer = "gold"
PLURALS = {
    "source": "Sources",
    "bronze": "Bronze",
    "staging": "Staging",
    "silver": "Silver",
    "intermediate": "Between",
    "gold": "Gold",
    "metric": "Metrics",
    "number": "Numbers",
    "feature": "Features",
    "model": "Models",
}


class NothingLikeIt(NotFound):
    code = "dictionary_entry_not_found"
    title = "The lake has no such table or column"


@router.get("")
async def show_tables(
    request: Request,
    who: ConsoleStaff,
    words: Words,
    q: Annotated[str, Query(max_length=200)] = "",
    layer: Layer = FIRST,
) -> Response:
    """Tables of one layer; what is found by words, in all of them."""
    wanted = q.strip()
    try:
        found = await words.search(words=wanted) if wanted else None
        tables = [] if wanted else await words.tables(layer=layer)
        silent = False
    except Unavailable:
        found, tables, silent = None, [], True
    return render(
        request,
        "console/dictionary.html",
        wanted=wanted,
        found=found,
        tables=tables,
        silent=silent,
        layer=layer,
        layers=LAYERS,
        plurals=PLURALS,
        is_admin=who.at_least(Role.ADMIN),
    )


@router.get("/tables/{name}")
async def show_table(
    request: Request,
    who: ConsoleStaff,
    words: Words,
    quality: Annotated[Quality, provided(Quality)],
    name: str,
) -> Response:
    """With its last profile, where there is one."""
    table = await words.table(name=name)
    if table is None:
        raise NothingLikeIt
    report = await _profile(quality, table.name)
    return render(
        request,
        "console/dictionary_table.html",
        table=table,
        plurals=PLURALS,
        report=report,
        profiled={one.name: one for one in report.columns} if report else {},
    )


async def _profile(quality: Quality, name: str) -> TableReport | None:
    try:
        return await quality.table(name=name)
    except BodegaError:
        return None


@router.get("/columns/{name}")
async def show_column(request: Request, who: ConsoleStaff, words: Words, name: str) -> Response:
    seen = await words.column(name=name)
    if seen is None:
        raise NothingLikeIt
    return render(
        request,
        "console/dictionary_column.html",
        seen=seen,
        picture=picture_of(seen),
    )

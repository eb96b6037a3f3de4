"""Locations in the console: warehouses and shops, in the order of picking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.inventory import (
    Inventory,
    Location,
    LocationChange,
    Locations,
    NewLocation,
)
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import LocationId
from bodega.web.access import ConsoleStaff
from bodega.web.console.doing import Refused, Sent, attempt
from bodega.web.formats import countries
from bodega.web.forms import PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/locations", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Map:
    """Everyone the pages ask."""

    places: Annotated[Locations, provided(Locations)]
    stock: Annotated[Inventory, provided(Inventory)]


Asked = Annotated[Map, Depends(Map)]


@router.get("")
async def list_locations(request: Request, who: ConsoleStaff, map: Asked) -> Response:
    return await _page(request, map)


@router.post("")
async def create(request: Request, sent: Sent, map: Asked) -> Response:
    async def make() -> Location:
        new = NewLocation(code=sent.form.text("code").lower(), **_facts(sent.form))
        return await map.places.create_location(sent.command("location"), new)

    made = await attempt(make)
    if isinstance(made, Refused):
        return await _page(request, map, sent.form.typed(), made)
    return redirect(request, "/console/locations", flash="saved-now")


@router.get("/{location_id}")
async def show(
    request: Request, who: ConsoleStaff, map: Asked, location_id: LocationId
) -> Response:
    return await _location(request, map, location_id)


@router.post("/{location_id}")
async def change(request: Request, sent: Sent, map: Asked, location_id: LocationId) -> Response:
    async def save() -> Location:
        changed = LocationChange(**_facts(sent.form), active=sent.form.checked("active"))
        return await map.places.change_location(sent.command("location"), location_id, changed)

    saved = await attempt(save)
    if isinstance(saved, Refused):
        return await _location(request, map, location_id, saved)
    return redirect(request, "/console/locations", flash="saved-now")


def _facts(form: PostedForm) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "kind": form.text("kind"),
        "country": form.text("country") or None,
        "serves": form.all("serves"),
        "priority": form.whole("priority") or 0,
    }


async def _page(
    request: Request,
    map: Map,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    return render(
        request,
        "console/locations.html",
        status=refused.status if refused else 200,
        places=await map.stock.locations(),
        countries=countries(request.app.state.settings.locale),
        entered=entered or {"priority": "100"},
        refused=refused,
    )


async def _location(
    request: Request, map: Map, location_id: LocationId, refused: Refused | None = None
) -> Response:
    for place in await map.stock.locations():
        if place.id == location_id:
            return render(
                request,
                "console/location.html",
                status=refused.status if refused else 200,
                place=place,
                countries=countries(request.app.state.settings.locale),
                refused=refused,
            )
    raise NotFound("There is no such location")

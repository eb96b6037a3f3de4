"""Delivery in the console: zones, the ways to send there, and their price lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.shipping import (
    DeliveryZones,
    MethodChange,
    MethodView,
    NewMethod,
    NewZone,
    TierBody,
    ZoneChange,
    ZoneView,
)
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import ShippingMethodId
from bodega.web.access import ConsoleStaff
from bodega.web.amounts import minor_in, plain
from bodega.web.console.doing import Refused, Sent, attempt
from bodega.web.formats import countries, country_name
from bodega.web.forms import FieldOdd, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/delivery", include_in_schema=False)

Zones = Annotated[DeliveryZones, provided(DeliveryZones)]
HOME = "/console/delivery"
TIERS = 8
BASES = (("flat", "one price"), ("weight", "by weight"), ("price", "by value of the goods"))


@router.get("")
async def list_zones(request: Request, who: ConsoleStaff, zones: Zones) -> Response:
    return await _zones(request, zones)


@router.post("/zones")
async def create_zone(request: Request, sent: Sent, zones: Zones) -> Response:
    async def make() -> ZoneView:
        return await zones.create_zone(sent.command("zone"), NewZone(**_places(sent.form)))

    made = await attempt(make)
    if isinstance(made, Refused):
        return await _zones(request, zones, sent.form.typed(), sent.form.all("countries"), made)
    return redirect(request, HOME, flash="saved-now")


@router.get("/zones/{zone_id}")
async def show_zone(request: Request, who: ConsoleStaff, zones: Zones, zone_id: UUID) -> Response:
    return await _zone(request, zones, zone_id)


@router.post("/zones/{zone_id}")
async def change_zone(request: Request, sent: Sent, zones: Zones, zone_id: UUID) -> Response:
    async def save() -> ZoneView:
        change = ZoneChange(**_places(sent.form), active=sent.form.checked("active"))
        return await zones.change_zone(sent.command("zone"), zone_id, change)

    saved = await attempt(save)
    if isinstance(saved, Refused):
        return await _zone(request, zones, zone_id, saved)
    return redirect(request, HOME, flash="saved-now")


@router.get("/zones/{zone_id}/methods/new")
async def show_new_method(
    request: Request, who: ConsoleStaff, zones: Zones, zone_id: UUID
) -> Response:
    return _method(request, _found(await zones.zones(), zone_id), None)


@router.post("/zones/{zone_id}/methods")
async def create_method(request: Request, sent: Sent, zones: Zones, zone_id: UUID) -> Response:
    async def make() -> ZoneView:
        new = NewMethod.model_validate(_terms(sent.form, _currency(request)))
        return await zones.create_method(sent.command("method"), zone_id, new)

    made = await attempt(make)
    if isinstance(made, Refused):
        zone = _found(await zones.zones(), zone_id)
        return _method(request, zone, None, sent.form.typed(), made)
    return redirect(request, HOME, flash="saved-now")


@router.get("/methods/{method_id}")
async def show_method(
    request: Request, who: ConsoleStaff, zones: Zones, method_id: ShippingMethodId
) -> Response:
    zone, method = await _known_method(zones, method_id)
    return _method(request, zone, method)


@router.post("/methods/{method_id}")
async def change_method(
    request: Request,
    sent: Sent,
    zones: Zones,
    method_id: ShippingMethodId,
) -> Response:
    zone, method = await _known_method(zones, method_id)

    async def save() -> ZoneView:
        terms = _terms(sent.form, method.currency) | {"active": sent.form.checked("active")}
        change = MethodChange.model_validate(terms)
        return await zones.change_method(sent.command("method"), method_id, change)

    saved = await attempt(save)
    if isinstance(saved, Refused):
        return _method(request, zone, method, sent.form.typed(), saved)
    return redirect(request, HOME, flash="saved-now")


def _places(form: PostedForm) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "countries": form.all("countries"),
        "postal_prefixes": form.text("postal_prefixes").replace(",", " ").split(),
    }


def _terms(form: PostedForm, currency: str) -> dict[str, Any]:
    """A method as its form has it: `free_above_amount` is empty when nothing is free."""
    basis = form.text("basis")
    return {
        "name": form.text("name"),
        "carrier": form.text("carrier") or None,
        "basis": basis,
        "tiers": _tiers(form, basis, currency),
        "free_above_amount": minor_in(form, "free_above", currency),
        "min_days": form.whole("min_days") or 0,
        "max_days": form.whole("max_days") or 0,
        "position": form.whole("position") or 0,
    }


def _tiers(form: PostedForm, basis: str, currency: str) -> list[TierBody]:
    """Rows with a price; an empty limit is without end. Weights are typed in kilograms."""
    found = []
    for row in range(TIERS):
        price = minor_in(form, f"price-{row}", currency)
        if price is None:
            continue
        limit = None
        if basis == "price":
            limit = minor_in(form, f"up_to-{row}", currency)
        elif basis == "weight":
            kilograms = form.decimal(f"up_to-{row}")
            limit = None if kilograms is None else int(kilograms * 1000)
        found.append(TierBody(up_to=limit, price_amount=price))
    if not found:
        raise FieldOdd("tiers", "Enter at least one price")
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the price list, as typed."""

    up_to: str
    price: str


def _rows(method: MethodView | None, entered: Mapping[str, str]) -> Sequence[Row]:
    if entered:
        return [
            Row(entered.get(f"up_to-{n}", ""), entered.get(f"price-{n}", "")) for n in range(TIERS)
        ]
    rows = []
    for tier in method.tiers if method else ():
        assert method is not None
        limit = "" if tier.up_to is None else plain(tier.up_to, method.currency)
        if method.basis == "weight" and tier.up_to is not None:
            limit = f"{tier.up_to / 1000:g}"
        rows.append(Row(limit, plain(tier.price_amount, method.currency)))
    return [*rows, *[Row("", "")] * (TIERS - len(rows))]


def _found(zones: Sequence[ZoneView], zone_id: UUID) -> ZoneView:
    for zone in zones:
        if zone.id == zone_id:
            return zone
    raise NotFound("There is no such zone")


async def _known_method(
    zones: DeliveryZones, method_id: ShippingMethodId
) -> tuple[ZoneView, MethodView]:
    for zone in await zones.zones():
        for method in zone.methods:
            if method.id == method_id:
                return zone, method
    raise NotFound("There is no such way to send")


def _currency(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.currency


async def _zones(
    request: Request,
    zones: DeliveryZones,
    entered: Mapping[str, str] | None = None,
    chosen: Sequence[str] = (),
    refused: Refused | None = None,
) -> Response:
    locale = request.app.state.settings.locale
    return render(
        request,
        "console/delivery.html",
        status=refused.status if refused else 200,
        zones=await zones.zones(),
        entered=entered or {},
        chosen=chosen,
        countries=countries(locale),
        country_name=lambda code: country_name(code, locale),
        bases=dict(BASES),
        refused=refused,
    )


async def _zone(
    request: Request, zones: DeliveryZones, zone_id: UUID, refused: Refused | None = None
) -> Response:
    return render(
        request,
        "console/delivery_zone.html",
        status=refused.status if refused else 200,
        zone=_found(await zones.zones(), zone_id),
        countries=countries(request.app.state.settings.locale),
        refused=refused,
    )


def _method(
    request: Request,
    zone: ZoneView,
    method: MethodView | None,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    return render(
        request,
        "console/delivery_method.html",
        status=refused.status if refused else 200,
        zone=zone,
        method=method,
        entered=entered or _standing(method),
        rows=_rows(method, entered or {}),
        currency=method.currency if method else _currency(request),
        bases=BASES,
        refused=refused,
    )


def _standing(method: MethodView | None) -> dict[str, str]:
    """What the form shows before anything is typed."""
    if method is None:
        return {"basis": "flat", "min_days": "2", "max_days": "5", "position": "0"}
    return {
        "name": method.name,
        "carrier": method.carrier or "",
        "basis": method.basis,
        "free_above": plain(method.free_above_amount, method.currency),
        "min_days": str(method.min_days),
        "max_days": str(method.max_days),
        "position": str(method.position),
        "active": "yes" if method.active else "",
    }

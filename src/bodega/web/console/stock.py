"""Stock in the console: figures, the books, what runs low, every level; one variant's ledger."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.contracts.catalog import Assortment, Catalog, SellingRules
from bodega.contracts.inventory import Inventory, StockLevel
from bodega.contracts.warehouse import LevelDetail, LevelSettings, Warehouse
from bodega.kernel.ids import LocationId, VariantId
from bodega.kernel.page import PageRequest
from bodega.kernel.quantity import PurchaseLimit
from bodega.web.access import ConsoleStaff
from bodega.web.console.doing import Refused, Sent, StaffForm, attempt
from bodega.web.console.skus import names_of
from bodega.web.forms import FieldOdd
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/stock", include_in_schema=False)

LISTED = 10
MAX_REASON = 40


@dataclass(frozen=True, slots=True)
class Storeroom:
    """Everyone the pages ask."""

    stock: Annotated[Inventory, provided(Inventory)]
    books: Annotated[Warehouse, provided(Warehouse)]
    goods: Annotated[Catalog, provided(Catalog)]


Asked = Annotated[Storeroom, Depends(Storeroom)]


@router.get("")
async def show_stock(
    request: Request,
    who: ConsoleStaff,
    room: Asked,
    page: PageQuery,
    check: Annotated[bool, Query()] = False,
) -> Response:
    summary, low, suggested, levels = await asyncio.gather(
        room.books.summary(),
        room.books.low(limit=LISTED),
        room.books.suggestions(limit=LISTED),
        room.stock.levels(page),
    )
    shown = [item.variant_id for part in (low, suggested, levels.items) for item in part]
    return render(
        request,
        "console/stock.html",
        summary=summary,
        check=await room.books.check() if check else None,
        low=low,
        suggested=suggested,
        levels=levels,
        first_page=page.cursor is None,
        named=await names_of(room.goods, shown),
    )


@router.get("/find")
async def find(
    request: Request,
    who: ConsoleStaff,
    room: Asked,
    sku: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Straight to the variant of that SKU, else the console's search."""
    wanted = sku.strip()
    known = await room.goods.by_sku([wanted, wanted.upper()])
    if known:
        return redirect(request, f"/console/stock/{next(iter(known.values())).id}")
    return redirect(request, f"/console/search?{urlencode({'q': wanted})}")


@router.get("/ledger")
async def show_ledger(
    request: Request, who: ConsoleStaff, room: Asked, page: PageQuery
) -> Response:
    """Every movement of every variant, newest first."""
    moves = await room.books.movements(page)
    named = await names_of(room.goods, [move.variant_id for move in moves.items])
    return render(request, "console/ledger.html", moves=moves, named=named)


@router.get("/{variant_id}")
async def show_variant(
    request: Request, who: ConsoleStaff, room: Asked, variant_id: VariantId, page: PageQuery
) -> Response:
    return await _variant(request, room, variant_id, page)


@router.post("/{variant_id}")
async def adjust(request: Request, sent: Sent, room: Asked, variant_id: VariantId) -> Response:
    """Signed units with a reason; the same form twice moves them once."""

    async def move() -> StockLevel:
        return await room.stock.receive(
            command_id=sent.command("stock").id,
            variant_id=variant_id,
            quantity=sent.form.number("quantity"),
            reason=_reason(sent),
            location_id=LocationId(sent.form.uuid("location_id")),
            by=sent.who.label,
        )

    moved = await attempt(move)
    if isinstance(moved, Refused):
        return await _variant(request, room, variant_id, PageRequest(), refused=moved)
    return redirect(request, f"/console/stock/{variant_id}", flash="stock-moved")


@router.post("/{variant_id}/thresholds/{location_id}")
async def set_thresholds(
    request: Request, sent: Sent, room: Asked, variant_id: VariantId, location_id: LocationId
) -> Response:
    async def save() -> LevelDetail:
        return await room.books.set_thresholds(
            sent.command("thresholds"), variant_id, location_id, _thresholds(sent)
        )

    saved = await attempt(save)
    if isinstance(saved, Refused):
        return await _variant(request, room, variant_id, PageRequest(), refused=saved)
    return redirect(request, f"/console/stock/{variant_id}", flash="saved-now")


@router.post("/{variant_id}/rules")
async def set_rules(
    request: Request,
    sent: Sent,
    room: Asked,
    assortment: Annotated[Assortment, provided(Assortment)],
    variant_id: VariantId,
) -> Response:
    """In which quantities it is sold, and how many one customer may buy in all."""

    async def save() -> SellingRules:
        return await assortment.set_rules(sent.command("rules"), variant_id, _rules(sent))

    saved = await attempt(save)
    if isinstance(saved, Refused):
        return await _variant(request, room, variant_id, PageRequest(), refused=saved)
    return redirect(request, f"/console/stock/{variant_id}", flash="saved-now")


def _rules(sent: StaffForm) -> SellingRules:
    units, days = sent.form.whole("limit_units"), sent.form.whole("limit_days")
    if units is None and days is not None:
        raise FieldOdd("limit_units", "Say how many one customer may buy in these days")
    try:
        limit = PurchaseLimit(units=units, days=days) if units is not None else None
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise FieldOdd(f"limit_{name}", "This is too small or too large") from error
    return SellingRules(
        min_quantity=sent.form.whole("min_quantity") or 1,
        max_quantity=sent.form.whole("max_quantity"),
        quantity_step=sent.form.whole("quantity_step") or 1,
        purchase_limit=limit,
    )


def _thresholds(sent: StaffForm) -> LevelSettings:
    units = ("safety_stock", "reorder_point", "reorder_quantity", "allowance")
    return LevelSettings.model_validate(
        {
            **{name: sent.form.whole(name) or 0 for name in units},
            "backorder": sent.form.text("backorder"),
            "available_on": sent.form.day("available_on"),
        }
    )


def _reason(sent: StaffForm) -> str:
    reason = sent.form.text("reason")
    if not reason or len(reason) > MAX_REASON:
        raise FieldOdd("reason", f"Say why in at most {MAX_REASON} letters")
    return reason


async def _variant(
    request: Request,
    room: Storeroom,
    variant_id: VariantId,
    page: PageRequest,
    *,
    refused: Refused | None = None,
) -> Response:
    levels, places, named, moves = await asyncio.gather(
        room.books.levels_of(variant_id),
        room.stock.locations(),
        names_of(room.goods, [variant_id]),
        room.books.movements(page, variant_id=variant_id),
    )
    return render(
        request,
        "console/stock_variant.html",
        status=refused.status if refused else 200,
        variant_id=variant_id,
        levels=levels,
        places=places,
        known=named.get(variant_id),
        moves=moves,
        refused=refused,
    )

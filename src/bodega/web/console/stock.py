"""The console's page on stock: figures, the books, what runs low, what to order, every level."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.contracts.inventory import Inventory
from bodega.contracts.warehouse import Warehouse
from bodega.kernel.errors import BodegaError, Conflict, Rejected
from bodega.kernel.ids import LocationId, VariantId
from bodega.web.access import ConsoleStaff
from bodega.web.forms import FormMangled, Posted, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/stock", include_in_schema=False)

LISTED = 20
MAX_REASON = 40


@dataclass(frozen=True, slots=True)
class Storeroom:
    """Everyone the page asks."""

    stock: Annotated[Inventory, provided(Inventory)]
    books: Annotated[Warehouse, provided(Warehouse)]
    products: Annotated[Catalog, provided(Catalog)]


Asked = Annotated[Storeroom, Depends(Storeroom)]


@router.get("")
async def show_stock(request: Request, who: ConsoleStaff, room: Asked, page: PageQuery) -> Response:
    summary, check, low, suggested, levels = await asyncio.gather(
        room.books.summary(),
        room.books.check(),
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
        named=await _named(room.products, shown),
    )


@router.get("/{variant_id}")
async def show_variant(
    request: Request, who: ConsoleStaff, room: Asked, variant_id: VariantId
) -> Response:
    return await _variant(request, room, variant_id)


@router.post("/{variant_id}")
async def adjust(
    request: Request, who: ConsoleStaff, room: Asked, form: Posted, variant_id: VariantId
) -> Response:
    """Signed units with a reason; the same form twice moves them once."""
    try:
        await room.stock.receive(
            command_id=form.command_id("stock"),
            variant_id=variant_id,
            quantity=form.number("quantity"),
            reason=_reason(form),
            location_id=LocationId(form.uuid("location_id")),
            by=who.label,
        )
    except (Conflict, Rejected) as error:
        return await _variant(request, room, variant_id, refused=error)
    return redirect(request, f"/console/stock/{variant_id}", flash="stock-moved")


def _reason(form: PostedForm) -> str:
    reason = form.text("reason")
    if not reason or len(reason) > MAX_REASON:
        raise FormMangled(f"Say why in at most {MAX_REASON} letters")
    return reason


async def _variant(
    request: Request, room: Storeroom, variant_id: VariantId, *, refused: BodegaError | None = None
) -> Response:
    levels, places, named = await asyncio.gather(
        room.books.levels_of(variant_id),
        room.stock.locations(),
        _named(room.products, [variant_id]),
    )
    return render(
        request,
        "console/stock_variant.html",
        status=refused.status if refused else 200,
        variant_id=variant_id,
        levels=levels,
        places=places,
        known=named.get(variant_id),
        refused=refused,
    )


async def _named(
    products: Catalog, variant_ids: Iterable[VariantId]
) -> dict[VariantId, SellableVariant]:
    return await products.sellable(sorted(set(variant_ids)))

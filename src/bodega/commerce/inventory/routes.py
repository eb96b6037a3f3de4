"""HTTP of inventory."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from bodega.backbone.http.deps import Anyone, PageQuery, Staff, Work, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.inventory import service
from bodega.commerce.inventory.schemas import Availability, StockMovement
from bodega.contracts.inventory import Inventory, StockLevel
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import VariantId
from bodega.kernel.page import Page

router = api_router("inventory", "/stock-levels")
staff_levels = admin_router("inventory", "/stock-levels")
staff_movements = admin_router("inventory", "/stock-movements")

Stock = Annotated[Inventory, provided(Inventory)]
_clock = SystemClock()


@router.get("")
async def list_availability(
    who: Anyone,
    stock: Stock,
    variant_id: Annotated[list[VariantId], Query(min_length=1, max_length=100)],
) -> list[Availability]:
    """How many units of each variant may be bought now; 0 for unknown ones."""
    found = await stock.available(variant_id)
    return [Availability(variant_id=item, available=units) for item, units in found.items()]


@staff_levels.get("")
async def list_levels(who: Staff, stock: Stock, page: PageQuery) -> Page[StockLevel]:
    return await stock.levels(page)


@staff_movements.post("", status_code=status.HTTP_201_CREATED)
async def move_stock(who: Staff, uow: Work, movement: StockMovement) -> StockLevel:
    return await service.receive(
        uow,
        clock=_clock,
        variant_id=movement.variant_id,
        quantity=movement.quantity,
        reason=movement.reason,
    )


ROUTERS: list[APIRouter] = [router, staff_levels, staff_movements]

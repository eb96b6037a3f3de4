"""HTTP of stock: what may be bought, what is there, what moved."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from bodega.backbone.http.deps import Anyone, PageQuery, Staff, Work, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.inventory.schemas import StockMovement
from bodega.commerce.inventory.service.stock import Adjustment, receive
from bodega.contracts.inventory import Availability, Inventory, StockLevel
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
    """How many units of each variant may be bought, seconds old at most; 0 for unknown ones."""
    found = await stock.shown(variant_id)
    return list(found.values())


@staff_levels.get("")
async def list_levels(who: Staff, stock: Stock, page: PageQuery) -> Page[StockLevel]:
    return await stock.levels(page)


@staff_movements.post("", status_code=status.HTTP_201_CREATED)
async def move_stock(who: Staff, uow: Work, movement: StockMovement) -> StockLevel:
    moved = Adjustment(**movement.model_dump())
    return await receive(uow, clock=_clock, adjustment=moved)


ROUTERS: list[APIRouter] = [router, staff_levels, staff_movements]

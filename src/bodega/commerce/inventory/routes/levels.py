"""HTTP of stock: what may be bought, what is there, what moved, whether the books are right."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from bodega.backbone.http.deps import Anyone, PageQuery, Staff, Work, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.inventory.errors import LevelNotFound
from bodega.commerce.inventory.schemas import StockMovement
from bodega.commerce.inventory.service.lists import list_movements
from bodega.commerce.inventory.service.locations import set_thresholds
from bodega.commerce.inventory.service.stock import Adjustment, receive
from bodega.contracts.inventory import Availability, Inventory, StockLevel
from bodega.contracts.warehouse import (
    LevelDetail,
    LevelSettings,
    MovementView,
    StockCheck,
    Warehouse,
)
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import LocationId, VariantId
from bodega.kernel.page import Page

router = api_router("inventory", "/stock-levels")
staff_levels = admin_router("inventory", "/stock-levels")
staff_movements = admin_router("inventory", "/stock-movements")
staff_check = admin_router("inventory", "/stock-check")

Stock = Annotated[Inventory, provided(Inventory)]
Books = Annotated[Warehouse, provided(Warehouse)]
_clock = SystemClock()


@router.get("")
async def list_availability(
    who: Anyone,
    stock: Stock,
    variant_id: Annotated[list[VariantId], Query(min_length=1, max_length=100)],
) -> list[Availability]:
    """How many units of each variant may be bought, seconds old at most; 0 for unknown ones."""
    return list((await stock.shown(variant_id)).values())


@staff_levels.get("")
async def list_levels(who: Staff, stock: Stock, page: PageQuery) -> Page[StockLevel]:
    return await stock.levels(page)


@staff_levels.get("/{variant_id}")
async def get_levels(who: Staff, books: Books, variant_id: VariantId) -> list[LevelDetail]:
    """The variant at each location, in the order of picking."""
    found = await books.levels_of(variant_id)
    if not found:
        raise LevelNotFound
    return found


@staff_levels.put("/{variant_id}/{location_id}")
async def put_thresholds(
    who: Staff, uow: Work, variant_id: VariantId, location_id: LocationId, settings: LevelSettings
) -> LevelDetail:
    """Safety stock, reorder point, backorders and pre-orders; what is left out is none."""
    return await set_thresholds(
        uow, clock=_clock, variant_id=variant_id, location_id=location_id, settings=settings
    )


@staff_movements.post("", status_code=status.HTTP_201_CREATED)
async def move_stock(who: Staff, uow: Work, movement: StockMovement) -> StockLevel:
    moved = Adjustment(**movement.model_dump())
    return await receive(uow, clock=_clock, adjustment=moved)


@staff_movements.get("")
async def get_movements(
    who: Staff, uow: Work, page: PageQuery, variant_id: VariantId | None = None
) -> Page[MovementView]:
    """The ledger, newest first."""
    return await list_movements(uow, page=page, variant_id=variant_id)


@staff_check.get("")
async def check_stock(who: Staff, books: Books) -> StockCheck:
    """Every level recomputed from the ledger and the promises."""
    return await books.check()


ROUTERS: list[APIRouter] = [router, staff_levels, staff_movements, staff_check]

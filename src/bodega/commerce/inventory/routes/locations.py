"""HTTP of locations."""

from typing import Annotated

from fastapi import APIRouter, status

from bodega.backbone.http.deps import Staff, Work, provided
from bodega.backbone.http.router import admin_router
from bodega.commerce.inventory.service import locations as service
from bodega.contracts.inventory import Inventory, Location, LocationChange, NewLocation
from bodega.kernel.ids import LocationId

router = admin_router("inventory", "/locations")


@router.get("")
async def list_locations(
    who: Staff, stock: Annotated[Inventory, provided(Inventory)]
) -> list[Location]:
    """In the order of picking."""
    return await stock.locations()


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_location(who: Staff, uow: Work, new: NewLocation) -> Location:
    return await service.create_location(uow, new=new)


@router.patch("/{location_id}")
async def change_location(
    who: Staff, uow: Work, location_id: LocationId, change: LocationChange
) -> Location:
    """A closed location (`active: false`) sells nothing and still sends what it promised."""
    return await service.change_location(uow, location_id=location_id, change=change)


ROUTERS: list[APIRouter] = [router]

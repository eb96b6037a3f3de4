"""Locations and the thresholds of what lies there."""

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import MAIN_ID
from bodega.commerce.inventory.errors import (
    BackorderUnclear,
    LevelNotFound,
    LocationCodeTaken,
    LocationNotFound,
    MainStaysOpen,
)
from bodega.commerce.inventory.repository.locations import (
    find_location,
    insert_location,
    update_location,
)
from bodega.commerce.inventory.repository.thresholds import find_details, update_thresholds
from bodega.contracts.inventory import Location, LocationChange, NewLocation
from bodega.contracts.warehouse import LevelDetail, LevelSettings
from bodega.kernel.clock import Clock
from bodega.kernel.ids import LocationId, VariantId, new_id


async def create_location(uow: UnitOfWork, *, new: NewLocation) -> Location:
    """Raises LocationCodeTaken."""
    location_id = LocationId(new_id())
    if not await insert_location(uow.connection, {"id": location_id, **new.model_dump()}):
        raise LocationCodeTaken(f"There is a location {new.code!r} already")
    return await _location(uow, location_id)


async def change_location(
    uow: UnitOfWork, *, location_id: LocationId, change: LocationChange
) -> Location:
    """Raises LocationNotFound, MainStaysOpen."""
    if location_id == MAIN_ID and change.active is False:
        raise MainStaysOpen
    sent = change.model_dump(exclude_unset=True)
    changes = {key: value for key, value in sent.items() if value is not None or key == "country"}
    if changes and not await update_location(uow.connection, location_id, changes):
        raise LocationNotFound
    return await _location(uow, location_id)


async def _location(uow: UnitOfWork, location_id: LocationId) -> Location:
    found = await find_location(uow.connection, location_id)
    if found is None:
        raise LocationNotFound
    return found


def check_backorder(settings: LevelSettings) -> None:
    """A backorder needs an allowance, a pre-order its day as well. Raises BackorderUnclear."""
    if (settings.backorder == "none") != (settings.allowance == 0):
        raise BackorderUnclear
    if (settings.backorder == "preorder") != (settings.available_on is not None):
        raise BackorderUnclear


async def set_thresholds(
    uow: UnitOfWork,
    *,
    clock: Clock,
    variant_id: VariantId,
    location_id: LocationId,
    settings: LevelSettings,
) -> LevelDetail:
    """Raises LocationNotFound, LevelNotFound, BackorderUnclear."""
    location = await _location(uow, location_id)
    check_backorder(settings)
    values = settings.model_dump()
    if not await update_thresholds(uow.connection, variant_id, location.code, values):
        raise LevelNotFound
    details = await find_details(uow.connection, variant_id, now=clock.now())
    return next(detail for detail in details if detail.location_id == location_id)

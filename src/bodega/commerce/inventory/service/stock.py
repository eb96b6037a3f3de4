"""Stock on hand: what comes in, goes out or comes back, with a reason."""

from dataclasses import dataclass

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import MAIN, MAIN_ID, Change
from bodega.commerce.inventory.errors import (
    LocationClosed,
    LocationNotFound,
    NothingMoved,
    StockBelowZero,
)
from bodega.commerce.inventory.repository.levels import (
    find_levels,
    lock_levels,
    open_levels,
    open_main,
)
from bodega.commerce.inventory.repository.locations import find_location
from bodega.commerce.inventory.service.moves import move
from bodega.contracts.inventory import StockLevel
from bodega.kernel.clock import Clock
from bodega.kernel.ids import LocationId, VariantId


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Signed units of a variant at a location, and why they moved."""

    variant_id: VariantId
    quantity: int
    reason: str
    location_id: LocationId | None = None


async def receive(
    uow: UnitOfWork, *, clock: Clock, adjustment: Adjustment, passing: bool = False
) -> StockLevel:
    """Units that are only `passing` through leave no less than before, and so alarm nobody. Raises
    NothingMoved, LocationNotFound, StockBelowZero."""
    variant_id, quantity = adjustment.variant_id, adjustment.quantity
    if quantity == 0:
        raise NothingMoved
    code = await code_of(uow, adjustment.location_id)
    await open_levels(uow.connection, [variant_id], code)
    levels = await lock_levels(uow.connection, [variant_id], today=clock.now().date())
    before = levels[variant_id, code].on_hand
    if before + quantity < 0:
        raise StockBelowZero(f"There are {before} units: they cannot fall by {-quantity}")
    change = Change(variant_id, code, quantity=quantity)
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=[change],
        reason=adjustment.reason,
        alarm=not passing,
    )
    [level] = await find_levels(uow.connection, now=clock.now(), limit=1, ids=[variant_id])
    return level


async def write_off(
    uow: UnitOfWork,
    *,
    clock: Clock,
    variant_id: VariantId,
    quantity: int,
    location_id: LocationId | None,
) -> None:
    """In and out again in one transaction, so that nobody is promised what is broken. Raises
    NothingMoved, LocationNotFound."""
    if quantity < 1:
        raise NothingMoved("Write one unit or more off")
    for units, reason in ((quantity, "returned"), (-quantity, "written_off")):
        back = Adjustment(variant_id, units, reason, location_id)
        await receive(uow, clock=clock, adjustment=back, passing=True)


async def code_of(uow: UnitOfWork, location_id: LocationId | None) -> str:
    """The code of a location, the default one for None. Raises LocationNotFound."""
    if location_id is None or location_id == MAIN_ID:
        await open_main(uow.connection)
        return MAIN
    found = await find_location(uow.connection, location_id)
    if found is None:
        raise LocationNotFound
    return found.code


async def open_code_of(uow: UnitOfWork, location_id: LocationId | None) -> str:
    """Of one that goods may be sent to. Raises LocationNotFound, LocationClosed."""
    code = await code_of(uow, location_id)
    found = await find_location(uow.connection, location_id or MAIN_ID)
    if found is not None and not found.active:
        raise LocationClosed
    return code

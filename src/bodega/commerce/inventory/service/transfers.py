"""Stock between locations: it leaves at once, arrives in parts, and what is missing shows."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import Change, merged
from bodega.commerce.inventory.errors import (
    MoreThanExpected,
    SameLocation,
    StockSpokenFor,
    TransferEnded,
    TransferNotFound,
)
from bodega.commerce.inventory.repository import transfers as repository
from bodega.commerce.inventory.repository.holds import find_held
from bodega.commerce.inventory.repository.levels import lock_levels, open_levels
from bodega.commerce.inventory.service.moves import move
from bodega.commerce.inventory.service.stock import code_of, open_code_of
from bodega.contracts.stockroom import (
    Arrival,
    NewTransfer,
    TransferView,
)
from bodega.kernel.clock import Clock
from bodega.kernel.ids import TransferId, new_id
from bodega.kernel.quantity import UnitsLine


async def start_transfer(uow: UnitOfWork, *, clock: Clock, new: NewTransfer) -> TransferView:
    """Units leave the source, for a location that is open. Raises SameLocation, LocationNotFound,
    LocationClosed, StockSpokenFor."""
    source = await code_of(uow, new.source_id)
    destination = await open_code_of(uow, new.destination_id)
    if source == destination:
        raise SameLocation
    units, transfer_id = by_variant(new.lines), TransferId(new_id())
    values = {
        "id": transfer_id,
        "source": source,
        "destination": destination,
        "status": "in_transit",
        "note": new.note,
        "actor": uow.actor,
        "created_at": clock.now(),
    }
    await repository.insert_transfer(uow.connection, values, units)
    await _take_away(uow, clock=clock, units=units, source=source, transfer_id=transfer_id)
    return await known_transfer(uow, transfer_id)


async def _take_away(
    uow: UnitOfWork,
    *,
    clock: Clock,
    units: Mapping[UUID, int],
    source: str,
    transfer_id: TransferId,
) -> None:
    """Only what is neither promised nor held may leave."""
    levels = await lock_levels(uow.connection, units, today=clock.now().date())
    held = await find_held(uow.connection, units, now=clock.now())
    for variant_id, quantity in units.items():
        level = levels.get((variant_id, source))
        spoken_for = level.allocated + held.get(level.spot, 0) if level else 0
        if level is None or level.on_hand - spoken_for < quantity:
            raise StockSpokenFor(variant_id=str(variant_id))
    changes = [Change(variant_id, source, quantity=-n) for variant_id, n in units.items()]
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=changes,
        reason="transfer_out",
        reference_id=transfer_id,
    )


async def receive_transfer(
    uow: UnitOfWork, *, clock: Clock, transfer_id: TransferId, arrival: Arrival
) -> TransferView:
    """Raises TransferNotFound, TransferEnded, MoreThanExpected."""
    transfer = await _open(uow, transfer_id)
    units = by_variant(arrival.lines)
    outstanding: dict[UUID, int] = {
        line.variant_id: line.quantity - line.received for line in transfer.lines
    }
    check_expected(units, outstanding)
    await open_levels(uow.connection, units, transfer.destination)
    levels = await lock_levels(uow.connection, units, today=clock.now().date())
    changes = [
        Change(variant_id, transfer.destination, quantity=n) for variant_id, n in units.items()
    ]
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=changes,
        reason="transfer_in",
        reference_id=transfer_id,
    )
    await repository.add_received(uow.connection, transfer_id, units)
    if sum(units.values()) == sum(outstanding.values()):
        await repository.end_transfer(
            uow.connection, transfer_id, status="received", at=clock.now()
        )
    return await known_transfer(uow, transfer_id)


async def close_transfer(uow: UnitOfWork, *, clock: Clock, transfer_id: TransferId) -> TransferView:
    """What has not arrived is lost: it left its level when it was sent."""
    await _open(uow, transfer_id)
    await repository.end_transfer(uow.connection, transfer_id, status="closed", at=clock.now())
    return await known_transfer(uow, transfer_id)


def by_variant(lines: Sequence[UnitsLine]) -> dict[UUID, int]:
    return merged((line.variant_id, line.quantity) for line in lines)


def check_expected(units: Mapping[UUID, int], outstanding: Mapping[UUID, int]) -> None:
    """Raises MoreThanExpected."""
    for variant_id, quantity in units.items():
        if quantity > outstanding.get(variant_id, 0):
            raise MoreThanExpected(variant_id=str(variant_id))


async def _open(uow: UnitOfWork, transfer_id: TransferId) -> TransferView:
    transfer = await repository.find_transfer(uow.connection, transfer_id, lock=True)
    if transfer is None:
        raise TransferNotFound
    if transfer.status != "in_transit":
        raise TransferEnded
    return transfer


async def known_transfer(uow: UnitOfWork, transfer_id: TransferId) -> TransferView:
    found = await repository.find_transfer(uow.connection, transfer_id)
    if found is None:
        raise TransferNotFound
    return found

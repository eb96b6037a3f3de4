"""What was promised to orders: more of it, less of it, and sending it."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import Change, Level, Promise, Spot, drawn, merged
from bodega.commerce.inventory.errors import (
    LocationNotFound,
    NotOnHandYet,
    NotPromised,
    NotReleasedYet,
)
from bodega.commerce.inventory.repository import promises as repository
from bodega.commerce.inventory.repository.levels import lock_levels_of
from bodega.commerce.inventory.repository.locations import find_locations
from bodega.commerce.inventory.service.holds import Destination, take_best
from bodega.commerce.inventory.service.moves import move, promised
from bodega.contracts.inventory import Pick, ReservationLine, Reserved
from bodega.kernel.clock import Clock
from bodega.kernel.ids import CheckoutId


async def allocate_more(
    uow: UnitOfWork,
    *,
    clock: Clock,
    checkout_id: CheckoutId,
    lines: Sequence[ReservationLine],
    to: Destination,
) -> Reserved:
    """Promise every further line, or nothing."""
    take = await take_best(uow, clock=clock, lines=lines, to=to)
    if take.taken is None:
        return Reserved(ok=False, short=take.short)
    repository.promise(uow.connection, checkout_id=checkout_id, taken=take.taken)
    move(
        uow,
        at=clock.now(),
        levels=take.levels,
        changes=promised(take.taken.items()),
        reason="promised",
        reference_id=checkout_id,
    )
    return Reserved(ok=True)


async def deallocate(
    uow: UnitOfWork, *, clock: Clock, checkout_id: CheckoutId, lines: Sequence[ReservationLine]
) -> None:
    """Take units back, the last promised first. Raises NotPromised."""
    levels = await lock_levels_of(uow.connection, checkout_id, today=clock.now().date())
    newest = (await repository.find_open(uow.connection, checkout_id))[::-1]
    parts: dict[UUID, int] = {}
    for variant_id, quantity in merged((line.variant_id, line.quantity) for line in lines).items():
        own = [promise for promise in newest if promise.variant_id == variant_id]
        found = drawn(own, quantity, lambda promise: promise.open)
        if sum(found.values()) < quantity:
            raise NotPromised(variant_id=str(variant_id))
        parts |= found
    await repository.take_back(uow.connection, parts)
    spots = {promise.id: promise.spot for promise in newest}
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=promised(((spots[id_], units) for id_, units in parts.items()), sign=-1),
        reason="taken_back",
        reference_id=checkout_id,
    )


async def fulfil(
    uow: UnitOfWork, *, clock: Clock, checkout_id: CheckoutId, picks: Sequence[Pick]
) -> None:
    """Raises LocationNotFound, NotPromised, NotOnHandYet, NotReleasedYet."""
    wanted = await _by_spot(uow, picks)
    levels = await lock_levels_of(uow.connection, checkout_id, today=clock.now().date())
    own = await _own(uow, checkout_id, levels, wanted)
    parts: dict[UUID, int] = {}
    for spot, quantity in wanted.items():
        here = [promise for promise in own if promise.spot == spot]
        if sum(promise.open for promise in here) < quantity:
            raise NotPromised(variant_id=str(spot[0]), location=spot[1])
        parts |= _sendable(here, quantity, levels[spot], today=clock.now().date())
    await repository.send(uow.connection, parts)
    changes = [Change(*spot, quantity=-units, promised=-units) for spot, units in wanted.items()]
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=changes,
        reason="sale",
        reference_id=checkout_id,
    )


async def _by_spot(uow: UnitOfWork, picks: Sequence[Pick]) -> dict[Spot, int]:
    codes = {place.id: place.code for place in await find_locations(uow.connection)}
    wanted: dict[Spot, int] = {}
    for pick in picks:
        if pick.location_id not in codes:
            raise LocationNotFound
        spot = (pick.variant_id, codes[pick.location_id])
        wanted[spot] = wanted.get(spot, 0) + pick.quantity
    return dict(sorted(wanted.items()))


async def _own(
    uow: UnitOfWork,
    checkout_id: CheckoutId,
    levels: Mapping[Spot, Level],
    wanted: Mapping[Spot, int],
) -> list[Promise]:
    """The order's open promises; the queue before them matters only where more is promised than
    there is."""
    owing = any(levels[spot].allocated > levels[spot].on_hand for spot in wanted if spot in levels)
    read = repository.find_open_in_queue if owing else repository.find_open
    return await read(uow.connection, checkout_id)


def _sendable(
    promises: Sequence[Promise], quantity: int, level: Level, *, today: date
) -> dict[UUID, int]:
    if level.sent_from is not None and today < level.sent_from:
        raise NotReleasedYet(f"Pre-ordered: to be sent from {level.sent_from.isoformat()} on")
    parts = drawn(promises, quantity, lambda promise: promise.covered(level.on_hand))
    if sum(parts.values()) < quantity:
        raise NotOnHandYet(variant_id=str(level.variant_id), location=level.place.code)
    return parts

"""Holding stock for a checkout: reserve, extend, and promise what was held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import (
    Hold,
    Level,
    Spot,
    merged,
    plan,
    shortfalls,
    still_there,
    with_held,
)
from bodega.commerce.inventory.repository import holds as repository
from bodega.commerce.inventory.repository import promises
from bodega.commerce.inventory.repository.levels import lock_levels_of, locking, locking_of
from bodega.commerce.inventory.service.moves import move, promised
from bodega.contracts.inventory import ReservationLine, Reserved
from bodega.kernel.clock import Clock
from bodega.kernel.ids import CheckoutId, VariantId

TIDY_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the goods go, and where the shop is at home."""

    country: str
    home: str


@dataclass(frozen=True, slots=True)
class Take:
    """Units by spot and the levels, locked; or None and the variants that fall short."""

    levels: dict[Spot, Level]
    taken: dict[Spot, int] | None
    short: list[VariantId]


async def reserve(
    uow: UnitOfWork,
    *,
    clock: Clock,
    hold_for: timedelta,
    checkout_id: CheckoutId,
    lines: Sequence[ReservationLine],
    to: Destination,
) -> Reserved:
    """Hold every line, or nothing. What the checkout holds already fails with the commit."""
    take = await take_best(uow, clock=clock, lines=lines, to=to)
    if take.taken is None:
        return Reserved(ok=False, short=take.short)
    expires_at = clock.now() + hold_for
    repository.insert_holds(
        uow.connection, checkout_id=checkout_id, taken=take.taken, expires_at=expires_at
    )
    return Reserved(ok=True, expires_at=expires_at)


async def take_best(
    uow: UnitOfWork, *, clock: Clock, lines: Sequence[ReservationLine], to: Destination
) -> Take:
    """Where every line is best taken from, by what nobody else holds."""
    wanted = merged((line.variant_id, line.quantity) for line in lines)
    locked = locking(uow.connection, wanted, today=clock.now().date())
    held = await repository.find_held(uow.connection, wanted, now=clock.now())
    levels = locked()
    offered = with_held(levels, held)
    taken = plan(wanted, offered, country=to.country, home=to.home)
    short = [VariantId(item) for item in shortfalls(wanted, offered)]
    return Take(levels, taken, short)


async def extend(
    uow: UnitOfWork, *, clock: Clock, checkout_id: CheckoutId, until: datetime
) -> bool:
    """The clock is read once the levels are locked: nobody can take a hold for lapsed meanwhile."""
    locking_of(uow.connection, checkout_id, today=clock.now().date())
    holds = await repository.find_holds(uow.connection, checkout_id)
    now = clock.now()
    if not holds or any(hold.expires_at <= now for hold in holds):
        return False
    await repository.extend_holds(uow.connection, checkout_id, until=until)
    return True


async def allocate(
    uow: UnitOfWork, *, clock: Clock, checkout_id: CheckoutId, to: Destination
) -> bool:
    """Promise what is held; False leaves everything as it was."""
    locked = locking_of(uow.connection, checkout_id, today=clock.now().date())
    holds = await repository.find_holds(uow.connection, checkout_id)
    levels = locked()
    now = clock.now()
    if not holds:
        return False
    taken: dict[Spot, int] | None = {hold.spot: hold.quantity for hold in holds}
    if not still_there(holds, levels, now=now):
        taken = await _elsewhere(uow, now=now, levels=levels, holds=holds, of=checkout_id, to=to)
    if taken is None:
        return False
    promises.promise(uow.connection, checkout_id=checkout_id, taken=taken, held=True)
    move(
        uow,
        at=now,
        levels=levels,
        changes=promised(taken.items()),
        reason="promised",
        reference_id=checkout_id,
    )
    return True


async def _elsewhere(
    uow: UnitOfWork,
    *,
    now: datetime,
    levels: dict[Spot, Level],
    holds: Sequence[Hold],
    of: CheckoutId,
    to: Destination,
) -> dict[Spot, int] | None:
    """What a lapsed or disturbed hold may still take: only what nobody else holds."""
    wanted = merged((hold.variant_id, hold.quantity) for hold in holds)
    ids: list[UUID] = list(wanted)
    held = await repository.find_held(uow.connection, ids, now=now, except_checkout=of)
    return plan(wanted, with_held(levels, held), country=to.country, home=to.home)


async def release(uow: UnitOfWork, *, clock: Clock, checkout_id: CheckoutId) -> None:
    """Let held units go, and promised ones that were not sent."""
    levels = await lock_levels_of(uow.connection, checkout_id, today=clock.now().date())
    await repository.release_holds(uow.connection, checkout_id)
    kept = await promises.find_open(uow.connection, checkout_id)
    if not kept:
        return
    await promises.take_back(uow.connection, {promise.id: promise.open for promise in kept})
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=promised(((promise.spot, promise.open) for promise in kept), sign=-1),
        reason="released",
        reference_id=checkout_id,
    )


async def tidy(uow: UnitOfWork, *, before: datetime) -> int:
    """Forget holds that ended or lapsed before the instant; how many."""
    return await repository.tidy_holds(uow.connection, before=before, limit=TIDY_BATCH)

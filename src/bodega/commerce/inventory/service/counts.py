"""Cycle counts: what was found is held against the level of that instant, posted when closed."""

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import Change
from bodega.commerce.inventory.errors import CountEnded, CountNotFound, StockBelowZero
from bodega.commerce.inventory.repository import counts as repository
from bodega.commerce.inventory.repository.levels import lock_levels, open_levels
from bodega.commerce.inventory.service.moves import move
from bodega.commerce.inventory.service.stock import code_of
from bodega.contracts.stockroom import CountView, NewCount
from bodega.kernel.clock import Clock
from bodega.kernel.ids import CountId, VariantId, new_id


async def open_count(uow: UnitOfWork, *, clock: Clock, new: NewCount) -> CountView:
    """Raises LocationNotFound."""
    count_id = CountId(new_id())
    values = {
        "id": count_id,
        "location": await code_of(uow, new.location_id),
        "status": "open",
        "note": new.note,
        "actor": uow.actor,
        "created_at": clock.now(),
    }
    await repository.insert_count(uow.connection, values)
    return await known_count(uow, count_id)


async def put_counted(
    uow: UnitOfWork, *, clock: Clock, count_id: CountId, variant_id: VariantId, counted: int
) -> CountView:
    """Raises CountNotFound, CountEnded."""
    count = await _open(uow, count_id)
    await open_levels(uow.connection, [variant_id], count.location)
    levels = await lock_levels(uow.connection, [variant_id], today=clock.now().date())
    values = {
        "count_id": count_id,
        "variant_id": variant_id,
        "expected": levels[variant_id, count.location].on_hand,
        "counted": counted,
        "counted_at": clock.now(),
        "actor": uow.actor,
    }
    await repository.put_line(uow.connection, values)
    return await known_count(uow, count_id)


async def close_count(uow: UnitOfWork, *, clock: Clock, count_id: CountId) -> CountView:
    """Post each difference; sales since the counting are not undone by it. Raises CountNotFound,
    CountEnded, StockBelowZero."""
    count = await _open(uow, count_id)
    found = {line.variant_id: line.difference for line in count.lines if line.difference}
    levels = await lock_levels(uow.connection, found, today=clock.now().date())
    for variant_id, difference in found.items():
        if levels[variant_id, count.location].on_hand + difference < 0:
            raise StockBelowZero("Units left since they were counted: count this variant again")
    changes = [
        Change(variant_id, count.location, quantity=difference)
        for variant_id, difference in found.items()
    ]
    if changes:
        move(
            uow,
            at=clock.now(),
            levels=levels,
            changes=changes,
            reason="count",
            reference_id=count_id,
        )
    await repository.end_count(uow.connection, count_id, status="closed", at=clock.now())
    return await known_count(uow, count_id)


async def cancel_count(uow: UnitOfWork, *, clock: Clock, count_id: CountId) -> CountView:
    """Raises CountNotFound, CountEnded."""
    await _open(uow, count_id)
    await repository.end_count(uow.connection, count_id, status="cancelled", at=clock.now())
    return await known_count(uow, count_id)


async def _open(uow: UnitOfWork, count_id: CountId) -> CountView:
    count = await repository.find_count(uow.connection, count_id, lock=True)
    if count is None:
        raise CountNotFound
    if count.status != "open":
        raise CountEnded
    return count


async def known_count(uow: UnitOfWork, count_id: CountId) -> CountView:
    found = await repository.find_count(uow.connection, count_id)
    if found is None:
        raise CountNotFound
    return found

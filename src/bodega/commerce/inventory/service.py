"""Use cases of inventory."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.inventory import repository
from bodega.commerce.inventory.domain import MAIN, Hold, consumable, free, merged, shortfalls
from bodega.commerce.inventory.errors import NothingMoved, StockBelowZero
from bodega.contracts.inventory import (
    ImportedStock,
    ReservationLine,
    Reserved,
    StockChanged,
    StockImported,
    StockLevel,
)
from bodega.kernel.clock import Clock
from bodega.kernel.errors import Invalid
from bodega.kernel.ids import CheckoutId, CommandId, ImportBatchId, VariantId
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor


async def reserve(
    uow: UnitOfWork,
    *,
    clock: Clock,
    hold_for: timedelta,
    checkout_id: CheckoutId,
    lines: Sequence[ReservationLine],
) -> Reserved:
    """Hold every line, or nothing."""
    wanted = merged((line.variant_id, line.quantity) for line in lines)
    on_hand = await repository.lock_levels(uow.connection, wanted)
    now = clock.now()
    held = await repository.held(uow.connection, wanted, now=now)
    short = shortfalls(wanted, on_hand, held)
    if short:
        return Reserved(ok=False, short=[VariantId(item) for item in short])
    await repository.insert_holds(
        uow.connection, checkout_id=checkout_id, wanted=wanted, expires_at=now + hold_for
    )
    return Reserved(ok=True, expires_at=now + hold_for)


async def allocate(uow: UnitOfWork, *, clock: Clock, checkout_id: CheckoutId) -> bool:
    """Sell what is held; False leaves everything as it was."""
    variant_ids = [hold.variant_id for hold in await _holds(uow, checkout_id)]
    on_hand = await repository.lock_levels(uow.connection, variant_ids)
    now = clock.now()
    others = await repository.held(
        uow.connection, variant_ids, now=now, except_checkout=checkout_id
    )
    holds = [hold for hold in await _holds(uow, checkout_id) if hold.status == "held"]
    if not holds or not consumable(holds, on_hand=on_hand, held_by_others=others, now=now):
        return False
    await repository.mark_holds(
        uow.connection, checkout_id, status="consumed", from_status=["held"]
    )
    sold = {hold.variant_id: -hold.quantity for hold in holds}
    await repository.move(uow.connection, sold, reason="sale", reference_id=checkout_id)
    for variant_id, quantity in sold.items():
        uow.emit(StockChanged(variant_id=VariantId(variant_id), quantity=quantity, reason="sale"))
    return True


async def release(uow: UnitOfWork, *, checkout_id: CheckoutId) -> None:
    """Let held units go and take sold ones back."""
    variant_ids = [hold.variant_id for hold in await _holds(uow, checkout_id)]
    await repository.lock_levels(uow.connection, variant_ids)
    holds = await _holds(uow, checkout_id)
    back = {hold.variant_id: hold.quantity for hold in holds if hold.status == "consumed"}
    await repository.mark_holds(
        uow.connection, checkout_id, status="released", from_status=["held", "consumed"]
    )
    if not back:
        return
    await repository.move(uow.connection, back, reason="undone", reference_id=checkout_id)
    for variant_id, quantity in back.items():
        uow.emit(StockChanged(variant_id=VariantId(variant_id), quantity=quantity, reason="undone"))


async def receive(
    uow: UnitOfWork,
    *,
    clock: Clock,
    variant_id: VariantId,
    quantity: int,
    reason: str,
) -> StockLevel:
    """Raises NothingMoved, StockBelowZero."""
    if quantity == 0:
        raise NothingMoved
    await repository.open_level(uow.connection, variant_id)
    before = (await repository.lock_levels(uow.connection, [variant_id]))[variant_id]
    on_hand = before + quantity
    if on_hand < 0:
        raise StockBelowZero(f"There are {before} units: they cannot fall by {-quantity}")
    moved: dict[UUID, int] = {variant_id: quantity}
    await repository.move(uow.connection, moved, reason=reason, reference_id=None)
    uow.emit(StockChanged(variant_id=variant_id, quantity=quantity, reason=reason))
    held = await repository.held(uow.connection, [variant_id], now=clock.now())
    available = free(on_hand, held.get(variant_id, 0))
    return StockLevel(variant_id=variant_id, on_hand=on_hand, available=available)


def _last_seen(page: PageRequest) -> UUID | None:
    """The variant a page continues behind. Raises Invalid for a cursor of another list."""
    key = page.after()
    if key is None:
        return None
    try:
        (variant_id,) = key
        return UUID(variant_id)
    except ValueError as error:
        raise Invalid(NOT_OURS) from error


async def _holds(uow: UnitOfWork, checkout_id: CheckoutId) -> list[Hold]:
    return await repository.find_holds(uow.connection, checkout_id)


class InventoryService:
    """Answers `bodega.contracts.inventory.Inventory`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock
        self._hold_for = timedelta(minutes=context.settings.inventory_hold_minutes)

    async def available(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, int]:
        async with self._database.reading() as connection:
            found = await repository.find_levels(
                connection, now=self._clock.now(), limit=len(variant_ids), ids=variant_ids
            )
        known = {level.variant_id: level.available for level in found}
        return {variant_id: known.get(variant_id, 0) for variant_id in variant_ids}

    async def levels(self, page: PageRequest) -> Page[StockLevel]:
        after = _last_seen(page)
        async with self._database.reading() as connection:
            found = await repository.find_levels(
                connection,
                now=self._clock.now(),
                limit=page.limit + 1,
                after=after,
            )
        shown = found[: page.limit]
        cursor = encode_cursor(shown[-1].variant_id) if len(found) > page.limit else None
        return Page(items=shown, next_cursor=cursor)

    async def reserve(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
    ) -> Reserved:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "inventory.reserve",
                Reserved,
                lambda: reserve(
                    uow,
                    clock=self._clock,
                    hold_for=self._hold_for,
                    checkout_id=checkout_id,
                    lines=lines,
                ),
            )

    async def extend(self, *, checkout_id: CheckoutId, until: datetime) -> bool:
        async with self._database.work() as uow:
            return await repository.extend_holds(
                uow.connection, checkout_id, until=until, now=self._clock.now()
            )

    async def allocate(self, *, command_id: CommandId, checkout_id: CheckoutId) -> bool:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "inventory.allocate",
                bool,
                lambda: allocate(uow, clock=self._clock, checkout_id=checkout_id),
            )

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        async with self._database.work() as uow:
            await uow.once(
                command_id,
                "inventory.release",
                type(None),
                lambda: release(uow, checkout_id=checkout_id),
            )

    async def receive(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        reason: str,
    ) -> StockLevel:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "inventory.receive",
                StockLevel,
                lambda: receive(
                    uow,
                    clock=self._clock,
                    variant_id=variant_id,
                    quantity=quantity,
                    reason=reason,
                ),
            )

    async def bulk_load(
        self,
        batch: Sequence[ImportedStock],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        rows = (
            (item.variant_id, MAIN, item.on_hand, item.known_at, item.known_at, import_batch_id)
            for item in batch
        )
        async with self._database.work(actor=f"import:{source}") as uow:
            added = await repository.copy_levels(uow.connection, rows, batch=import_batch_id)
            uow.emit(StockImported(import_batch_id=import_batch_id, source=source, rows=added))
        return added

"""Who answers `bodega.contracts.inventory.Inventory`: each command once, in its own transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.inventory.domain import MAIN
from bodega.commerce.inventory.errors import NothingMoved
from bodega.commerce.inventory.repository import levels, locations, promises
from bodega.commerce.inventory.repository.holds import holding_once
from bodega.commerce.inventory.repository.imports import copy_levels
from bodega.commerce.inventory.service import holds, stock
from bodega.commerce.inventory.service import promises as orders
from bodega.commerce.inventory.service.availability import Shown
from bodega.commerce.inventory.service.paging import last_seen, page_of
from bodega.contracts.inventory import (
    Allocation,
    Availability,
    ImportedStock,
    Location,
    Pick,
    ReservationLine,
    Reserved,
    StockImported,
    StockLevel,
)
from bodega.kernel.address import CountryCode
from bodega.kernel.ids import CheckoutId, CommandId, ImportBatchId, LocationId, VariantId
from bodega.kernel.page import Page, PageRequest

T = TypeVar("T")
Lines = Sequence[ReservationLine]


class InventoryService:
    """Answers `bodega.contracts.inventory.Inventory`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock
        self._home = context.settings.country
        self._hold_for = timedelta(minutes=context.settings.inventory_hold_minutes)
        self._shown = Shown(context)

    async def locations(self) -> list[Location]:
        async with self._database.reading() as connection:
            return await locations.find_locations(connection)

    async def available(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, int]:
        async with self._database.reading() as connection:
            found = await levels.find_levels(
                connection, now=self._clock.now(), limit=len(variant_ids), ids=variant_ids
            )
        known = {level.variant_id: level.available for level in found}
        return {variant_id: known.get(variant_id, 0) for variant_id in variant_ids}

    async def shown(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, Availability]:
        return await self._shown.find(variant_ids)

    async def levels(self, page: PageRequest) -> Page[StockLevel]:
        after = last_seen(page)
        async with self._database.reading() as connection:
            found = await levels.find_levels(
                connection, now=self._clock.now(), limit=page.limit + 1, after=after
            )
        return page_of(found, page, lambda level: level.variant_id)

    async def reserve(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Lines,
        country: CountryCode | None = None,
    ) -> Reserved:
        with holding_once():
            return await self._once(
                command_id,
                "reserve",
                Reserved,
                lambda uow: holds.reserve(
                    uow,
                    clock=self._clock,
                    hold_for=self._hold_for,
                    checkout_id=checkout_id,
                    lines=lines,
                    to=self._to(country),
                ),
            )

    async def extend(self, *, checkout_id: CheckoutId, until: datetime) -> bool:
        async with self._database.work() as uow:
            return await holds.extend(uow, clock=self._clock, checkout_id=checkout_id, until=until)

    async def allocate(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        country: CountryCode | None = None,
    ) -> bool:
        return await self._once(
            command_id,
            "allocate",
            bool,
            lambda uow: holds.allocate(
                uow, clock=self._clock, checkout_id=checkout_id, to=self._to(country)
            ),
        )

    async def allocations(self, checkout_id: CheckoutId) -> list[Allocation]:
        async with self._database.reading() as connection:
            return await promises.find_allocations(connection, checkout_id)

    async def allocate_more(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Lines,
        country: CountryCode | None = None,
    ) -> Reserved:
        return await self._once(
            command_id,
            "allocate_more",
            Reserved,
            lambda uow: orders.allocate_more(
                uow,
                clock=self._clock,
                checkout_id=checkout_id,
                lines=lines,
                to=self._to(country),
            ),
        )

    async def deallocate(
        self, *, command_id: CommandId, checkout_id: CheckoutId, lines: Lines
    ) -> None:
        await self._once(
            command_id,
            "deallocate",
            type(None),
            lambda uow: orders.deallocate(
                uow, clock=self._clock, checkout_id=checkout_id, lines=lines
            ),
        )

    async def fulfil(
        self, *, command_id: CommandId, checkout_id: CheckoutId, picks: Sequence[Pick]
    ) -> None:
        await self._once(
            command_id,
            "fulfil",
            type(None),
            lambda uow: orders.fulfil(uow, clock=self._clock, checkout_id=checkout_id, picks=picks),
        )

    async def restock(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        location_id: LocationId | None = None,
        reason: str,
    ) -> None:
        if quantity < 1:
            raise NothingMoved("Restock one unit or more")
        await self.receive(
            command_id=command_id,
            variant_id=variant_id,
            quantity=quantity,
            reason=reason,
            location_id=location_id,
        )

    async def write_off(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        location_id: LocationId | None = None,
    ) -> None:
        await self._once(
            command_id,
            "write_off",
            type(None),
            lambda uow: stock.write_off(
                uow,
                clock=self._clock,
                variant_id=variant_id,
                quantity=quantity,
                location_id=location_id,
            ),
        )

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        await self._once(
            command_id,
            "release",
            type(None),
            lambda uow: holds.release(uow, clock=self._clock, checkout_id=checkout_id),
        )

    async def receive(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        reason: str,
        location_id: LocationId | None = None,
        by: str | None = None,
    ) -> StockLevel:
        moved = stock.Adjustment(variant_id, quantity, reason, location_id)
        return await self._once(
            command_id,
            "receive",
            StockLevel,
            lambda uow: stock.receive(uow, clock=self._clock, adjustment=moved),
            actor=by or "system",
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
            added = await copy_levels(uow.connection, rows, batch=import_batch_id)
            uow.emit(StockImported(import_batch_id=import_batch_id, source=source, rows=added))
        return added

    async def _once(
        self,
        command_id: CommandId,
        verb: str,
        result: type[T] | Any,
        work: Callable[[UnitOfWork], Awaitable[T]],
        actor: str = "system",
    ) -> T:
        async with self._database.work(actor=actor) as uow:
            return await uow.once(
                command_id, f"inventory.{verb}", result, lambda: work(uow), at_once=True
            )

    def _to(self, country: CountryCode | None) -> holds.Destination:
        return holds.Destination(country=country or self._home, home=self._home)

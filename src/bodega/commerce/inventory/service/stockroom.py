"""Who answers `bodega.contracts.stockroom.Stockroom` and `bodega.contracts.inventory.Locations`."""

from collections.abc import Awaitable, Callable

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.commerce.inventory.service import counts, lists, locations, transfers
from bodega.contracts.inventory import Location, LocationChange, NewLocation
from bodega.contracts.stockroom import Arrival, CountView, NewCount, NewTransfer, TransferView
from bodega.kernel.commands import Command
from bodega.kernel.ids import CountId, LocationId, TransferId, VariantId
from bodega.kernel.page import Page, PageRequest


class StockroomService(Desk):
    """Answers `bodega.contracts.stockroom.Stockroom`."""

    async def transfers(self, page: PageRequest) -> Page[TransferView]:
        return await self._read(lambda uow: lists.list_transfers(uow, page=page))

    async def transfer(self, transfer_id: TransferId) -> TransferView:
        return await self._read(lambda uow: transfers.known_transfer(uow, transfer_id))

    async def start_transfer(self, command: Command, new: NewTransfer) -> TransferView:
        return await self._transfer(
            command,
            "start",
            lambda uow: transfers.start_transfer(uow, clock=self._clock, new=new),
        )

    async def receive_transfer(
        self, command: Command, transfer_id: TransferId, arrival: Arrival
    ) -> TransferView:
        return await self._transfer(
            command,
            "receive",
            lambda uow: transfers.receive_transfer(
                uow, clock=self._clock, transfer_id=transfer_id, arrival=arrival
            ),
        )

    async def close_transfer(self, command: Command, transfer_id: TransferId) -> TransferView:
        return await self._transfer(
            command,
            "close",
            lambda uow: transfers.close_transfer(uow, clock=self._clock, transfer_id=transfer_id),
        )

    async def counts(self, page: PageRequest) -> Page[CountView]:
        return await self._read(lambda uow: lists.list_counts(uow, page=page))

    async def count(self, count_id: CountId) -> CountView:
        return await self._read(lambda uow: counts.known_count(uow, count_id))

    async def open_count(self, command: Command, new: NewCount) -> CountView:
        return await self._count(
            command, "open", lambda uow: counts.open_count(uow, clock=self._clock, new=new)
        )

    async def put_counted(
        self, command: Command, count_id: CountId, variant_id: VariantId, counted: int
    ) -> CountView:
        return await self._count(
            command,
            "put",
            lambda uow: counts.put_counted(
                uow, clock=self._clock, count_id=count_id, variant_id=variant_id, counted=counted
            ),
        )

    async def close_count(self, command: Command, count_id: CountId) -> CountView:
        return await self._count(
            command,
            "close",
            lambda uow: counts.close_count(uow, clock=self._clock, count_id=count_id),
        )

    async def cancel_count(self, command: Command, count_id: CountId) -> CountView:
        return await self._count(
            command,
            "cancel",
            lambda uow: counts.cancel_count(uow, clock=self._clock, count_id=count_id),
        )

    async def _transfer(
        self, command: Command, verb: str, work: Callable[[UnitOfWork], Awaitable[TransferView]]
    ) -> TransferView:
        return await self._once(command, f"inventory.{verb}_transfer", TransferView, work)

    async def _count(
        self, command: Command, verb: str, work: Callable[[UnitOfWork], Awaitable[CountView]]
    ) -> CountView:
        return await self._once(command, f"inventory.{verb}_count", CountView, work)


class LocationsService(Desk):
    """Answers `bodega.contracts.inventory.Locations`."""

    async def create_location(self, command: Command, new: NewLocation) -> Location:
        return await self._once(
            command,
            "inventory.create_location",
            Location,
            lambda uow: locations.create_location(uow, new=new),
        )

    async def change_location(
        self, command: Command, location_id: LocationId, change: LocationChange
    ) -> Location:
        return await self._once(
            command,
            "inventory.change_location",
            Location,
            lambda uow: locations.change_location(uow, location_id=location_id, change=change),
        )

"""The address book of a customer."""

from collections.abc import Awaitable, Callable
from typing import Final

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.identity import repository
from bodega.commerce.identity.errors import AddressBookFull, AddressNotFound
from bodega.contracts.addresses import NewAddress, SavedAddress
from bodega.kernel.commands import Command
from bodega.kernel.ids import AddressId, UserId, new_id

MAX_ADDRESSES: Final = 50


async def add_address(uow: UnitOfWork, *, customer_id: UserId, new: NewAddress) -> SavedAddress:
    """Raises AddressBookFull."""
    kept = await repository.lock_book(uow.connection, customer_id)
    if kept >= MAX_ADDRESSES:
        raise AddressBookFull
    first = kept == 0
    saved = SavedAddress(
        id=AddressId(new_id()),
        address=new.address,
        for_delivery=new.for_delivery or first,
        for_billing=new.for_billing or first,
    )
    await _make_room(uow, customer_id, saved)
    values = _values(saved) | {"id": saved.id}
    await repository.insert_address(uow.connection, customer_id, values)
    return saved


async def change_address(
    uow: UnitOfWork, *, customer_id: UserId, address_id: AddressId, new: NewAddress
) -> SavedAddress:
    """Raises AddressNotFound."""
    await repository.lock_book(uow.connection, customer_id)
    await _make_room(uow, customer_id, new)
    changed = await repository.update_address(uow.connection, customer_id, address_id, _values(new))
    if not changed:
        raise AddressNotFound
    return SavedAddress(id=address_id, **dict(new))


async def remove_address(uow: UnitOfWork, *, customer_id: UserId, address_id: AddressId) -> None:
    """Raises AddressNotFound."""
    if not await repository.delete_address(uow.connection, customer_id, address_id):
        raise AddressNotFound


async def _make_room(uow: UnitOfWork, customer_id: UserId, new: NewAddress) -> None:
    await repository.release_defaults(
        uow.connection, customer_id, delivery=new.for_delivery, billing=new.for_billing
    )


def _values(new: NewAddress) -> dict[str, object]:
    return {
        "address": new.address.model_dump(mode="json"),
        "for_delivery": new.for_delivery,
        "for_billing": new.for_billing,
    }


class AddressBookService:
    """Answers `bodega.contracts.addresses.AddressBook`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def addresses(self, customer_id: UserId) -> list[SavedAddress]:
        async with self._database.reading() as connection:
            return await repository.find_addresses(connection, customer_id)

    async def add(self, command: Command, customer_id: UserId, new: NewAddress) -> SavedAddress:
        """What is recorded for the command again is the id only: addresses are personal."""

        def work(uow: UnitOfWork) -> Awaitable[SavedAddress]:
            return add_address(uow, customer_id=customer_id, new=new)

        return await self._once(command, "identity.add_address", work, customer_id, new)

    async def change(
        self, command: Command, customer_id: UserId, address_id: AddressId, new: NewAddress
    ) -> SavedAddress:
        def work(uow: UnitOfWork) -> Awaitable[SavedAddress]:
            return change_address(uow, customer_id=customer_id, address_id=address_id, new=new)

        return await self._once(command, "identity.change_address", work, customer_id, new)

    async def _once(
        self,
        command: Command,
        name: str,
        work: Callable[[UnitOfWork], Awaitable[SavedAddress]],
        customer_id: UserId,
        new: NewAddress,
    ) -> SavedAddress:
        async with self._database.work(actor=command.actor) as uow:

            async def done() -> AddressId:
                return (await work(uow)).id

            address_id = await uow.once(command.id, name, AddressId, done)
            found = await repository.find_addresses(uow.connection, customer_id)
        kept = {item.id: item for item in found}
        return kept.get(address_id) or SavedAddress(id=address_id, **dict(new))

    async def remove(self, customer_id: UserId, address_id: AddressId) -> None:
        async with self._database.work(actor=f"customer:{customer_id}") as uow:
            await remove_address(uow, customer_id=customer_id, address_id=address_id)

"""An address book in memory, with its contract's own rules."""

from bodega.contracts.addresses import NewAddress, SavedAddress
from bodega.kernel.commands import Command
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import AddressId, UserId, new_id


class FakeAddressBook:
    def __init__(self) -> None:
        self.kept: dict[UserId, list[SavedAddress]] = {}

    async def addresses(self, customer_id: UserId) -> list[SavedAddress]:
        return list(self.kept.get(customer_id, []))

    async def add(self, command: Command, customer_id: UserId, new: NewAddress) -> SavedAddress:
        saved = SavedAddress(id=AddressId(new_id()), **dict(new))
        self.kept.setdefault(customer_id, []).append(saved)
        return saved

    async def change(
        self, command: Command, customer_id: UserId, address_id: AddressId, new: NewAddress
    ) -> SavedAddress:
        await self.remove(customer_id, address_id)
        return await self.add(command, customer_id, new)

    async def remove(self, customer_id: UserId, address_id: AddressId) -> None:
        left = [one for one in self.kept.get(customer_id, []) if one.id != address_id]
        if len(left) == len(self.kept.get(customer_id, [])):
            raise NotFound
        self.kept[customer_id] = left

"""Addresses that customers keep for the next order."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from bodega.kernel.address import Address
from bodega.kernel.commands import Command
from bodega.kernel.ids import AddressId, UserId


class NewAddress(BaseModel):
    """`for_delivery` and `for_billing`: it stands in checkout's form from now on, in the place of
    the one that did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: Address
    for_delivery: bool = False
    for_billing: bool = False


class SavedAddress(NewAddress):
    """Personal data: never in an event, a log or the lake."""

    id: AddressId


class AddressBook(Protocol):
    """Each customer sees and changes their own only. The first one is for delivery and billing."""

    async def addresses(self, customer_id: UserId) -> list[SavedAddress]:
        """Those that stand in forms first, then the newest."""

    async def add(self, command: Command, customer_id: UserId, new: NewAddress) -> SavedAddress:
        """Raises `Conflict` when the book is full."""

    async def change(
        self, command: Command, customer_id: UserId, address_id: AddressId, new: NewAddress
    ) -> SavedAddress:
        """Raises `NotFound`."""

    async def remove(self, customer_id: UserId, address_id: AddressId) -> None:
        """Raises `NotFound`."""

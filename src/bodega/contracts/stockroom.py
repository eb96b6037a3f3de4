"""Moving stock between locations, and counting it."""

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.commands import Command
from bodega.kernel.ids import CountId, LocationId, TransferId, VariantId
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import UnitsLines

Units = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class NewTransfer(BaseModel):
    """Units that leave one location for another."""

    model_config = ConfigDict(extra="forbid")

    source_id: LocationId
    destination_id: LocationId
    lines: UnitsLines
    note: Note = ""


class Arrival(BaseModel):
    """Units that came in."""

    model_config = ConfigDict(extra="forbid")

    lines: UnitsLines


class TransferLine(BaseModel):
    variant_id: VariantId
    quantity: int
    received: int


class TransferView(BaseModel):
    """`closed` with units missing: they were lost on the way."""

    id: TransferId
    source: str
    destination: str
    status: Literal["in_transit", "received", "closed"]
    note: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    lines: list[TransferLine]


class NewCount(BaseModel):
    model_config = ConfigDict(extra="forbid")

    location_id: LocationId
    note: Note = ""


class Counted(BaseModel):
    """What somebody found on the shelf."""

    model_config = ConfigDict(extra="forbid")

    counted: Units


class CountLine(BaseModel):
    """`expected` is what the level said in the instant of counting."""

    variant_id: VariantId
    expected: int
    counted: int
    difference: int
    counted_at: datetime
    actor: str


class CountView(BaseModel):
    id: CountId
    location: str
    status: Literal["open", "closed", "cancelled"]
    note: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    lines: list[CountLine]


class Stockroom(Protocol):
    """Transfers leave at once and arrive in parts; counts are held against the level of the instant
    of counting and posted when closed."""

    async def transfers(self, page: PageRequest) -> Page[TransferView]:
        """Newest first."""

    async def transfer(self, transfer_id: TransferId) -> TransferView:
        """Raises `NotFound`."""

    async def start_transfer(self, command: Command, new: NewTransfer) -> TransferView:
        """Raises `NotFound`, `Rejected`, and `Conflict` for units that are
        promised or not there."""

    async def receive_transfer(
        self, command: Command, transfer_id: TransferId, arrival: Arrival
    ) -> TransferView:
        """Raises `NotFound`, `Conflict`."""

    async def close_transfer(self, command: Command, transfer_id: TransferId) -> TransferView:
        """What has not arrived is lost. Raises `NotFound`, `Conflict`."""

    async def counts(self, page: PageRequest) -> Page[CountView]:
        """Newest first."""

    async def count(self, count_id: CountId) -> CountView:
        """Raises `NotFound`."""

    async def open_count(self, command: Command, new: NewCount) -> CountView:
        """Raises `NotFound`."""

    async def put_counted(
        self, command: Command, count_id: CountId, variant_id: VariantId, counted: int
    ) -> CountView:
        """A recount takes the place of the first one. Raises `NotFound`, `Conflict`."""

    async def close_count(self, command: Command, count_id: CountId) -> CountView:
        """Post the differences. Raises `NotFound`, `Conflict`."""

    async def cancel_count(self, command: Command, count_id: CountId) -> CountView:
        """Nothing is posted. Raises `NotFound`, `Conflict`."""

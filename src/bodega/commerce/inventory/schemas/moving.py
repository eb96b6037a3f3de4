"""Bodies about transfers and counts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.commerce.inventory.schemas.levels import Units
from bodega.kernel.ids import CountId, LocationId, TransferId, VariantId
from bodega.kernel.quantity import Quantity

MAX_LINES = 500
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class UnitsLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    variant_id: VariantId
    quantity: Quantity


Lines = Annotated[list[UnitsLine], Field(min_length=1, max_length=MAX_LINES)]


class NewTransfer(BaseModel):
    """Units that leave one location for another."""

    model_config = ConfigDict(extra="forbid")

    source_id: LocationId
    destination_id: LocationId
    lines: Lines
    note: Note = ""


class Arrival(BaseModel):
    """Units that came in."""

    model_config = ConfigDict(extra="forbid")

    lines: Lines


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

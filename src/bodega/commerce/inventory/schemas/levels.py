"""Bodies about levels, movements and locations."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.commerce.inventory.errors import BackorderUnclear
from bodega.contracts.inventory import Backorder, LocationKind
from bodega.kernel.address import CountryCode
from bodega.kernel.ids import LocationId, VariantId
from bodega.kernel.money import Money

MAX_MOVED = 1_000_000
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z _-]{1,39}$"),
    Field(examples=["received"]),
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Units = Annotated[int, Field(strict=True, ge=0, le=MAX_MOVED)]
Moved = Annotated[int, Field(strict=True, ge=-MAX_MOVED, le=MAX_MOVED, examples=[12])]


class StockMovement(BaseModel):
    """Units that came in (positive) or went out (negative), and why."""

    model_config = ConfigDict(extra="forbid")

    variant_id: VariantId
    quantity: Moved
    reason: Reason = "received"
    location_id: LocationId | None = None


class MovementView(BaseModel):
    """One row of the ledger: signed units on hand and promised, why, for what, by whom."""

    variant_id: VariantId
    location: str
    quantity: int
    promised: int
    reason: str
    reference_id: str | None
    unit_cost: Money | None
    actor: str | None
    occurred_at: datetime


class NewLocation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Code
    name: Words
    kind: LocationKind = "warehouse"
    country: CountryCode | None = None
    serves: list[CountryCode] = Field(default=[], max_length=250)
    priority: Annotated[int, Field(ge=0, le=10_000)] = 100


class LocationChange(BaseModel):
    """What is left out stays; a location's code stays for ever."""

    model_config = ConfigDict(extra="forbid")

    name: Words | None = None
    kind: LocationKind | None = None
    country: CountryCode | None = None
    serves: list[CountryCode] | None = Field(default=None, max_length=250)
    priority: Annotated[int | None, Field(ge=0, le=10_000)] = None
    active: bool | None = None


class LevelSettings(BaseModel):
    """Thresholds of a level. A backorder needs an allowance, a pre-order its day as well."""

    model_config = ConfigDict(extra="forbid")

    safety_stock: Units = 0
    reorder_point: Units = 0
    reorder_quantity: Units = 0
    backorder: Backorder = "none"
    allowance: Units = 0
    available_on: date | None = None

    def checked(self) -> Self:
        """Raises BackorderUnclear."""
        if (self.backorder == "none") != (self.allowance == 0):
            raise BackorderUnclear
        if (self.backorder == "preorder") != (self.available_on is not None):
            raise BackorderUnclear
        return self

"""How many units of a variant: a positive whole number small enough to be meant."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bodega.kernel.ids import VariantId

MAX_QUANTITY = 10_000

Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[1])]


class UnitsLine(BaseModel):
    """So many units of a variant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant_id: VariantId
    quantity: Quantity


MAX_LINES = 500
UnitsLines = Annotated[list[UnitsLine], Field(min_length=1, max_length=MAX_LINES)]


class PurchaseLimit(BaseModel):
    """How many units one customer may buy in all: in any `days` running, or ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: Quantity
    days: Annotated[int, Field(strict=True, ge=1, le=3660)] | None = None

    def __str__(self) -> str:
        within = (
            "" if self.days is None else " a day" if self.days == 1 else f" in {self.days} days"
        )
        return f"{self.units} per customer{within}"

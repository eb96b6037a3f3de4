"""Bodies about movements."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.ids import LocationId, VariantId

MAX_MOVED = 1_000_000
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z _-]{1,39}$"),
    Field(examples=["received"]),
]
Moved = Annotated[int, Field(strict=True, ge=-MAX_MOVED, le=MAX_MOVED, examples=[12])]


class StockMovement(BaseModel):
    """Units that came in (positive) or went out (negative), and why."""

    model_config = ConfigDict(extra="forbid")

    variant_id: VariantId
    quantity: Moved
    reason: Reason = "received"
    location_id: LocationId | None = None

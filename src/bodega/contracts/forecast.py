"""How much of what will be wanted: what orders of goods are planned by."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bodega.kernel.ids import VariantId

Units = Annotated[Decimal, Field(ge=0, le=1_000_000)]


class DemandForecast(BaseModel):
    """Units wanted of a variant on a day of the asked time, on average and over all locations;
    `high` is what is not exceeded nine times out of ten, where the model can tell. `model` says who
    answers."""

    model_config = ConfigDict(frozen=True)

    daily: Units
    high: Units | None = None
    model: Annotated[str, Field(min_length=1, max_length=60)]


class Forecasts(Protocol):
    """Optional: where nobody answers, or too late, whoever asks has a rule of its own."""

    async def demand(
        self, variant_ids: Sequence[VariantId], *, days: int
    ) -> Mapping[VariantId, DemandForecast]:
        """For the next `days`; a variant that nothing can be said of is left out. Raises
        `Unavailable` when it cannot be told in time."""

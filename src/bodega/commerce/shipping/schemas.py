"""Bodies of shipping that are not part of its contract."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.address import CountryCode
from bodega.kernel.money import KnownCurrency


class ParcelQuery(BaseModel):
    """A parcel in a query string; `subtotal` is minor units of `currency`, the shop's unless
    told."""

    model_config = ConfigDict(extra="forbid")

    country: CountryCode
    subtotal: Annotated[int, Field(ge=0, lt=2**53)]
    currency: KnownCurrency | None = None
    postal_code: Annotated[str, StringConstraints(max_length=20)] = ""
    weight_grams: Annotated[int, Field(ge=0, lt=2**31)] = 0
    units: Annotated[int, Field(ge=1, le=10**9)] = 1

"""Request and response bodies of pricing that are not part of a contract."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bodega.contracts.pricing import Rate
from bodega.kernel.money import KnownCurrency

Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CouponChange(_Body):
    active: bool


class NewRate(_Body):
    base: KnownCurrency
    quote: KnownCurrency
    rate: Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=12)]
    day: date
    source: Source

    @model_validator(mode="after")
    def _of_two(self) -> Self:
        if self.base == self.quote:
            raise ValueError("a rate is between two currencies")
        return self

    def value(self) -> Rate:
        return Rate.model_validate(self.model_dump())


class NewRates(_Body):
    rates: Annotated[list[NewRate], Field(min_length=1, max_length=5000)]


class RatesPut(BaseModel):
    """How many were new or differ from what was known."""

    changed: int

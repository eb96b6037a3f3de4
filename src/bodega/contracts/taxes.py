"""Taxes by country, as staff look after them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.address import CountryCode
from bodega.kernel.commands import Command

TaxClass = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,3}$")]
Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewTaxRate(_Body):
    """`rate` is a share of the net price, 0.2 is 20 %; an empty region is the whole country. In
    force from `valid_from` (today) until the next one of the same place and class."""

    tax_class: TaxClass = "standard"
    region: Region = ""
    rate: Annotated[Decimal, Field(ge=0, lt=1, max_digits=7, decimal_places=6)]
    valid_from: date | None = None
    source: Source


class TaxCountryChange(_Body):
    """Whether prices shown to buyers there hold the tax, and whether the shop collects it."""

    prices_include_tax: bool
    collected: bool


class TaxRateView(BaseModel):
    """`id` is that of a rate of the shop's own; shipped ones have none."""

    id: UUID | None
    region: str
    tax_class: str
    rate: Decimal
    valid_from: date
    source: str
    in_force: bool


class CountryTaxes(BaseModel):
    country: CountryCode
    prices_include_tax: bool
    collected: bool
    rates: list[TaxRateView]


class TaxCountrySummary(BaseModel):
    """A country in the table: its standard rate in force today, if it has one, and where that comes
    from. `own` when the shop says something of the country itself."""

    country: CountryCode
    prices_include_tax: bool
    collected: bool
    standard: TaxRateView | None
    rates: int
    own: bool


class TaxTable(Protocol):
    """The shipped rates and the shop's own before them."""

    async def countries(self) -> list[TaxCountrySummary]:
        """Every country with a rate or a word of the shop's own, by code."""

    async def country(self, country: CountryCode) -> CountryTaxes:
        """What is in force there today, and the shop's own rates of any day."""

    async def change_country(
        self, command: Command, country: CountryCode, change: TaxCountryChange
    ) -> CountryTaxes: ...

    async def put_rate(
        self, command: Command, country: CountryCode, new: NewTaxRate
    ) -> CountryTaxes:
        """A second rate for the same place, class and day replaces the first."""

    async def drop_rate(self, command: Command, country: CountryCode, rate_id: UUID) -> None:
        """The shipped rate is in force again. Raises `NotFound`."""

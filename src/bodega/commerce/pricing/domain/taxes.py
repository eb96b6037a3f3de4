"""Which tax a line bears.

A shop collects tax at home, inside the European Union when it is at home there (one-stop shop), and
wherever its staff say so; elsewhere nothing is collected and the price stays what it is. The rate
is that of the region and tax class, else the country's for the class, else the region's standard
rate, else the country's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from bodega.commerce.pricing.domain.shares import rounded

STANDARD = "standard"
ZERO = "zero"
SHIPPING = "shipping"
NOTHING = Decimal(0)
_UNION = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EUROPEAN_UNION = frozenset(re.findall("[A-Z]+", _UNION))


@dataclass(frozen=True, slots=True)
class TaxRate:
    """`rate` is a share of the net price: 0.2 is 20 %. An empty region is the whole country."""

    country: str
    region: str
    tax_class: str
    rate: Decimal
    valid_from: date
    source: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class TaxCountry:
    """How prices are meant there, and whether the shop collects its taxes."""

    country: str
    prices_include_tax: bool
    collected: bool


@dataclass(frozen=True, slots=True)
class Taxes:
    """The rates in force in one country and region, by tax class."""

    country: TaxCountry
    by_class: dict[str, Decimal]
    regional: dict[str, Decimal]

    def rate(self, tax_class: str) -> Decimal:
        if not self.country.collected or tax_class == ZERO:
            return NOTHING
        for rates, name in (
            (self.regional, tax_class),
            (self.by_class, tax_class),
            (self.regional, STANDARD),
            (self.by_class, STANDARD),
        ):
            if name in rates:
                return rates[name]
        return NOTHING


def in_force(rates: Iterable[TaxRate], *, day: date) -> list[TaxRate]:
    """One rate a region and class: the shop's own before the shipped one, then the newest."""
    found: dict[tuple[str, str, str], TaxRate] = {}
    for rate in sorted(rates, key=lambda rate: (rate.own, rate.valid_from)):
        if rate.valid_from <= day:
            found[rate.country, rate.region, rate.tax_class] = rate
    return list(found.values())


def taxes(rates: Sequence[TaxRate], country: TaxCountry, *, region: str | None, day: date) -> Taxes:
    """`region` as ISO 3166-2 has it, with or without the country: `US-CA` or `CA`."""
    where = (region or "").upper().removeprefix(f"{country.country}-")
    current = in_force(rates, day=day)
    return Taxes(
        country=country,
        by_class={rate.tax_class: rate.rate for rate in current if rate.region == ""},
        regional={rate.tax_class: rate.rate for rate in current if where and rate.region == where},
    )


def collects(home: str, country: str) -> bool:
    """Where a shop collects unless its staff say otherwise."""
    return country == home or {home, country} <= EUROPEAN_UNION


def tax(amount: int, rate: Decimal, *, included: bool) -> int:
    """The tax in (or on) `amount`, rounded half up to the minor unit, once a line."""
    share = Fraction(rate)
    return rounded(amount * (share / (1 + share) if included else share))

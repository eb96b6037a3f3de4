"""The tax table that ships with the shop: standard rates by country, each with its source."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bodega.commerce.pricing.domain.taxes import TaxRate

_FILE = Path(__file__).with_name("standard_taxes.csv")


class Standard(NamedTuple):
    """A country's shipped rates; prices there are shown with tax unless the table says not."""

    rates: Sequence[TaxRate]
    prices_include_tax: bool


@cache
def _table() -> dict[str, Standard]:
    rates: dict[str, list[TaxRate]] = defaultdict(list)
    included: dict[str, bool] = {}
    with _FILE.open(newline="") as lines:
        for row in csv.DictReader(lines):
            country = row["country"]
            included.setdefault(country, row["prices"] == "inclusive")
            rates[country].append(
                TaxRate(
                    country=country,
                    region=row["region"],
                    tax_class=row["tax_class"],
                    rate=Decimal(row["percent"]) / 100,
                    valid_from=date.fromisoformat(row["valid_from"]),
                    source=row["source"],
                )
            )
    return {name: Standard(found, included[name]) for name, found in rates.items()}


def shipped_countries() -> list[str]:
    return list(_table())


def standard(country: str) -> Standard:
    """No rates at all for a country that the table does not have."""
    return _table().get(country, Standard((), prices_include_tax=True))

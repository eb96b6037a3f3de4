"""Exchange rates as the European Central Bank publishes them, and whoever writes the same form.

A header `Date, USD, JPY, …`, then a row a day: units of each currency for one euro, `N/A` or
nothing where there is none. `eurofxref.csv` has one day (`20 November 2026`),
`eurofxref-hist.csv` all of them (`2026-11-20`). https://www.ecb.europa.eu/stats/eurofxref/
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from bodega.commerce.pricing.errors import RatesMalformed
from bodega.contracts.pricing import Rate
from bodega.kernel.money import is_money

BASE = "EUR"
SOURCE = "ECB euro foreign exchange reference rates"
_NOTHING = {"", "N/A"}
_LARGEST = Decimal(10) ** 12


def read_rates(lines: Iterable[str], *, base: str = BASE, source: str = SOURCE) -> Iterator[Rate]:
    """Every rate of the file. Currencies that are no longer current money are left out. Raises
    RatesMalformed, naming the line."""
    rows = csv.reader(lines)
    header = [name.strip() for name in next(rows, [])]
    if not header or header[0] != "Date":
        raise RatesMalformed("The first line begins with `Date`, then names currencies")
    columns = [(at, name) for at, name in enumerate(header) if is_money(name) and name != base]
    for number, row in enumerate(rows, start=2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if any(cells[len(header) :]):
            raise RatesMalformed(f"Line {number} has more values than the first names currencies")
        day = _day(cells[0], number)
        for at, name in columns:
            if at < len(cells) and cells[at] not in _NOTHING:
                rate = _number(cells[at], number)
                yield Rate(base=base, quote=name, rate=rate, day=day, source=source)


def _day(text: str, number: int) -> date:
    for form in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise RatesMalformed(f"Line {number}: {text!r} is no day as 2026-11-20 or 20 November 2026")


def _number(text: str, number: int) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or not 0 < rate < _LARGEST:
        raise RatesMalformed(f"Line {number}: {text!r} is no exchange rate")
    return rate

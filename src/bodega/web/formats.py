"""How money, dates and numbers read in the shop's locale (CLDR, through Babel)."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    format_percent,
)

from bodega.kernel.money import Money

_CODE_BEFORE_DIGIT = re.compile(r"([A-Z]{3})(?=\d)")
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class Formats:
    """Formatting for one locale; times are shown in UTC."""

    def __init__(self, locale: str) -> None:
        self.locale = Locale.parse(locale)

    @property
    def language(self) -> str:
        """As HTML's `lang` wants it: `en-GB`."""
        return str(self.locale).replace("_", "-")

    def money(self, money: Money) -> str:
        """Every minor unit is shown, nothing is rounded: ISO's exponents win over CLDR's digits."""
        text = format_currency(
            money.decimal, money.currency, locale=self.locale, decimal_quantization=False
        )
        return _CODE_BEFORE_DIGIT.sub("\\1\xa0", text)

    def minor(self, amount: int, currency: str) -> str:
        """Minor units of a currency."""
        return self.money(Money(amount=amount, currency=currency))

    def rough_money(self, money: Money) -> str:
        """`£1.2K`, for axes."""
        return format_compact_currency(
            money.decimal, money.currency, locale=self.locale, fraction_digits=1
        ).replace("\xa0", "")

    def number(self, value: float | Decimal) -> str:
        return format_decimal(value, locale=self.locale)

    def percent(self, share: Decimal) -> str:
        """0.075 is `7.5%`."""
        return format_percent(share, "#,##0.####%", locale=self.locale)

    def exact(self, value: Decimal) -> str:
        """Every digit that says something, however small."""
        return format_decimal(value.normalize(), locale=self.locale, decimal_quantization=False)

    def plain_day(self, day: date) -> str:
        return format_date(day, "d MMM y", locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, "d MMM", locale=self.locale)

    def date(self, at: datetime) -> str:
        return format_date(at.astimezone(UTC).date(), "d MMMM y", locale=self.locale)

    def time(self, at: datetime) -> str:
        return format_datetime(at.astimezone(UTC), "d MMM, HH:mm", locale=self.locale)

    def country(self, code: str) -> str:
        return country_name(code, str(self.locale))


def age(seconds: float) -> str:
    """The largest whole unit: `3 s`, `4 min`, `2 h`, `5 d`."""
    whole = max(0, int(seconds))
    for size, unit in _STEPS:
        if whole >= size:
            return f"{whole // size} {unit}"
    return "0 s"


@cache
def formats(locale: str) -> Formats:
    return Formats(locale)


@cache
def countries(locale: str) -> list[tuple[str, str]]:
    """(ISO 3166-1 alpha-2 code, name in the locale's language), A to Z by name."""
    names = Locale.parse(locale).territories
    found = [
        (code, name)
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES
    ]
    return sorted(found, key=lambda item: item[1])


def country_name(code: str, locale: str) -> str:
    """In the locale's language; the code itself when it is no country."""
    return dict(countries(locale)).get(code, code)

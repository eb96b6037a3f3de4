"""Money shows every minor unit, whatever the currency and locale."""

import unicodedata
from datetime import UTC, datetime

import pytest

from bodega.kernel.money import CURRENCIES, Money
from bodega.web.formats import Formats, age, countries


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (1999, "GBP", "en_GB", "£19.99"),
        (123_456_789, "EUR", "de_DE", "1.234.567,89\xa0€"),
        (500, "JPY", "en_GB", "JP¥500"),
        (1_234, "KWD", "en_GB", "KWD\xa01.234"),
        (1_234, "IQD", "en_GB", "IQD\xa01.234"),
        (12_345, "CLF", "en_GB", "CLF\xa01.2345"),
        (-250, "GBP", "en_GB", "-£2.50"),
    ],
)
def test_money_keeps_every_minor_unit(amount: int, currency: str, locale: str, text: str) -> None:
    assert Formats(locale).money(Money(amount=amount, currency=currency)) == text


@pytest.mark.parametrize("locale", ["en_GB", "de_DE", "fr_FR", "ja_JP", "ar_EG"])
def test_every_currency_shows_its_minor_units_in_every_locale(locale: str) -> None:
    for currency in CURRENCIES:
        text = Formats(locale).money(Money(amount=1_234_567, currency=currency))
        digits = "".join(str(unicodedata.digit(sign)) for sign in text if sign.isdigit())
        assert digits == "1234567", f"{currency} in {locale}: {text}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (3.9, "3 s"), (61, "1 min"), (7_300, "2 h"), (180_000, "2 d")],
)
def test_age_uses_the_largest_whole_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_countries_have_names_in_the_locale() -> None:
    found = dict(countries("de_DE"))
    assert found["DE"] == "Deutschland"
    assert "EU" not in found
    assert all(len(code) == 2 for code in found)


def test_dates_read_in_the_locale() -> None:
    at = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert Formats("en_GB").date(at) == "4 March 2026"
    assert Formats("de_DE").date(at) == "4 März 2026"
    assert Formats("en_GB").language == "en-GB"

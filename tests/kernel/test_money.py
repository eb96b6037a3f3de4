"""Money is whole minor units of one currency, whatever is done with it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bodega.kernel.errors import Invalid
from bodega.kernel.money import CURRENCIES, Money, exponent, total

amounts = st.integers(-(10**12), 10**12)
currencies = st.sampled_from(["EUR", "GBP", "JPY", "KWD", "CLF"])


@given(amounts, amounts, amounts, currencies)
def test_sums_do_not_depend_on_order(a: int, b: int, c: int, currency: str) -> None:
    first, second, third = (Money(amount=n, currency=currency) for n in (a, b, c))
    assert (first + second) + third == third + (second + first)
    assert total([first, second, third], currency) == first + second + third
    assert first - second == first + -second


@given(amounts, currencies)
def test_a_decimal_and_back_is_the_same_money(amount: int, currency: str) -> None:
    money = Money(amount=amount, currency=currency)
    assert Money.from_decimal(money.decimal, currency) == money


@given(st.decimals(-(10**9), 10**9, places=6), currencies)
def test_rounding_is_off_by_half_a_minor_unit_at_most(value: Decimal, currency: str) -> None:
    unit = Decimal(1).scaleb(-exponent(currency))
    assert abs(Money.from_decimal(value, currency).decimal - value) <= unit / 2


@pytest.mark.parametrize(("text", "amount"), [("0.005", 0), ("0.015", 2), ("0.025", 2)])
def test_halves_go_to_the_even_neighbour(text: str, amount: int) -> None:
    assert Money.from_decimal(Decimal(text), "EUR").amount == amount


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_exponents_follow_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


def test_the_currencies_of_the_world_have_their_true_exponents() -> None:
    known = [code for code in CURRENCIES if code.isupper() and len(code) == 3]
    assert len(known) >= 150
    assert known == sorted(CURRENCIES)
    digits = {code: exponent(code) for code in CURRENCIES}
    none = [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
    assert sorted(code for code, count in digits.items() if count == 0) == none
    three = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
    assert sorted(code for code, count in digits.items() if count == 3) == three
    assert sorted(code for code, count in digits.items() if count == 4) == ["CLF", "UYW"]


def test_currencies_never_mix() -> None:
    euro, pound = Money(amount=1, currency="EUR"), Money(amount=1, currency="GBP")
    for mixed in (lambda: euro + pound, lambda: euro - pound, lambda: euro < pound):
        with pytest.raises(Invalid, match="cannot be mixed"):
            mixed()
    with pytest.raises(Invalid):
        total([euro, pound], "EUR")


@pytest.mark.parametrize("amount", [1.5, "1", True, 2**63])
def test_an_amount_is_a_whole_number_that_fits(amount: object) -> None:
    with pytest.raises(ValidationError):
        Money(amount=amount, currency="EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["EURO", "eur", "XXX", ""])
def test_a_currency_must_exist(currency: str) -> None:
    with pytest.raises(ValidationError):
        Money(amount=1, currency=currency)


def test_it_reads_as_people_write_it() -> None:
    assert str(Money(amount=123_456, currency="EUR")) == "1,234.56 EUR"
    assert str(Money(amount=1_500, currency="JPY")) == "1,500 JPY"

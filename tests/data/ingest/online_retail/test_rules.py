"""What a row means, and how its pence are found."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.data.ingest.online_retail.parse import Row
from bodega.data.ingest.online_retail.rules import Category, Rounding, category, kind, line_kind

AT = datetime(2011, 1, 1, tzinfo=UTC)


def a_row(
    invoice: str = "536365",
    code: str = "85123A",
    *,
    description: str = "LANTERN",
    quantity: int = 6,
    price: str = "2.55",
    customer: str = "17850",
) -> Row:
    return Row(2, invoice, code, description, quantity, AT, Decimal(price), customer, "")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (a_row(), Category.PRODUCT),
        (a_row(customer=""), Category.PRODUCT),
        (a_row(code="POST"), Category.SHIPPING),
        (a_row(code="dot"), Category.SHIPPING),
        (a_row(code="C2"), Category.SHIPPING),
        (a_row(code="AMAZONFEE"), Category.FEE),
        (a_row(code="BANK CHARGES"), Category.FEE),
        (a_row(code="CRUK"), Category.FEE),
        (a_row(code="D"), Category.DISCOUNT),
        (a_row(code="m"), Category.ADJUSTMENT),
        (a_row(code="gift_0001_20"), Category.ADJUSTMENT),
        (a_row("A563186", "B", quantity=1, price="-11062.06"), Category.ADJUSTMENT),
        (a_row("C536379", quantity=-1), Category.RETURN),
        (a_row("C536379", "D", quantity=-1), Category.RETURN),
        (a_row(quantity=-1), Category.RETURN),
        (a_row("C536379"), Category.ADJUSTMENT),
        (a_row(price="0.0"), Category.FREE),
        (a_row(price="0.0", customer=""), Category.STOCK),
        (a_row(price="0.0", description=""), Category.STOCK),
        (a_row(price="0.0", quantity=-30), Category.STOCK),
        (a_row(code="DCGSSGIRL"), Category.PRODUCT),
        (a_row(code="PADS", price="0.001"), Category.PRODUCT),
    ],
)
def test_every_row_is_one_thing(row: Row, expected: Category) -> None:
    assert category(row) is expected


def test_a_negative_price_is_an_adjustment_whatever_the_code() -> None:
    row = a_row(price="-1")
    assert kind(row.code) == "product"
    assert line_kind(row, category(row)) == "adjustment"


amounts = st.lists(
    st.decimals(min_value=-(10**6), max_value=10**6, places=4, allow_nan=False), max_size=60
)


@given(amounts)
def test_pence_always_add_up_to_the_exact_sum_rounded_half_up(pounds: list[Decimal]) -> None:
    rounding = Rounding()
    total = sum(rounding.settle(amount) for amount in pounds)
    exact = sum(map(Fraction, pounds), Fraction(0)) * 100
    assert total == math.floor(exact + Fraction(1, 2))


@given(amounts)
def test_whole_pence_are_never_touched(pounds: list[Decimal]) -> None:
    rounding = Rounding()
    for amount in pounds:
        settled = rounding.settle(amount)
        if amount * 100 % 1 == 0:
            assert settled == amount * 100
        else:
            assert abs(settled - amount * 100) < 1

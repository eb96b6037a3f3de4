"""Shares, promotions, taxes and rates as pure rules: the parts are always exactly the whole."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.pricing.adapters.standard_taxes import standard
from bodega.commerce.pricing.domain.exchange import between
from bodega.commerce.pricing.domain.promotions import Offer, best
from bodega.commerce.pricing.domain.quotes import quote
from bodega.commerce.pricing.domain.shares import rounded, shares
from bodega.commerce.pricing.domain.taxes import (
    EUROPEAN_UNION,
    TaxCountry,
    Taxes,
    TaxRate,
    collects,
    in_force,
    tax,
    taxes,
)
from bodega.contracts.pricing import Rate
from bodega.kernel.money import charge_step
from tests.commerce.pricing.baskets import basket, line, offer

weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)
UNTAXED = Taxes(TaxCountry("GB", prices_include_tax=True, collected=False), {}, {})


@given(weights, st.data())
def test_shares_are_exactly_the_whole_and_take_no_line_below_zero(
    lines: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(lines)))
    parts = shares(amount, lines)
    assert sum(parts) == amount
    assert all(0 <= part <= whole for part, whole in zip(parts, lines, strict=True))
    exact = [Fraction(amount * whole, sum(lines) or 1) for whole in lines]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


def test_the_largest_remainder_gets_the_odd_penny() -> None:
    assert shares(100, [1, 1, 1]) == [34, 33, 33]
    assert shares(5, [30, 50, 20]) == [2, 2, 1]
    assert shares(0, [0, 0]) == [0, 0]


@pytest.mark.parametrize(("value", "whole"), [("0.5", 1), ("1.49", 1), ("2.5", 3), ("0", 0)])
def test_halves_go_up(value: str, whole: int) -> None:
    assert rounded(Fraction(value)) == whole


CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])
OFFERS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["percentage", "fixed", "buy_x_get_y", "free_shipping"]),
            "percent": st.decimals(Decimal("0.01"), 100, places=2),
            "amount": st.integers(1, 10**6),
            "buy": st.integers(1, 4),
            "get": st.integers(1, 3),
            "exclusive": st.booleans(),
            "priority": st.integers(0, 3),
            "max_discount": st.none() | st.integers(1, 5000),
            "categories": st.sampled_from([frozenset(), frozenset({"Books"})]),
        }
    ),
    max_size=5,
)
LINES = st.lists(
    st.tuples(
        st.integers(0, 10**6),
        st.integers(1, 50),
        st.sampled_from(["standard", "reduced", "zero"]),
        st.sampled_from(["Books", "Toys", None]),
    ),
    min_size=1,
    max_size=8,
)


@given(CURRENCIES, LINES, OFFERS, st.booleans(), st.integers(0, 5000) | st.none())
def test_whatever_the_offers_and_taxes_the_lines_are_the_total(
    currency: str,
    lines: list[tuple[int, int, str, str | None]],
    offers: list[dict[str, object]],
    included: bool,
    shipping: int | None,
) -> None:
    asked = basket(
        *(
            line(price, count, currency=currency, tax_class=kind, category=category)
            for price, count, kind, category in lines
        ),
        shipping=shipping,
        currency=currency,
    )
    country = TaxCountry("DE", prices_include_tax=included, collected=True)
    rates = {"standard": Decimal("0.19"), "reduced": Decimal("0.07")}
    made = [offer(id_=at, currency=currency, **values) for at, values in enumerate(offers)]
    found = quote(asked, made, {}, Taxes(country, rates, {}))
    every = [*found.lines, found.shipping] if found.shipping else found.lines
    assert found.total.amount == sum(item.total.amount for item in every)
    step = charge_step(currency)
    rounded_off = found.discount.amount - sum(item.amount.amount for item in found.promotions)
    assert 0 <= rounded_off <= (step - 1) * len(every)
    assert found.tax.amount == sum(item.tax.amount for item in every)
    for item in every:
        added = 0 if item.tax_included else item.tax.amount
        assert item.total.amount == item.subtotal.amount - item.discount.amount + added
        assert item.total.amount % step == 0
        rounded_off = item.discount.amount - sum(part.amount.amount for part in item.promotions)
        assert 0 <= rounded_off < step
        assert 0 <= item.discount.amount <= item.subtotal.amount


def taken(*offers: Offer, prices: tuple[int, ...] = (1000, 500)) -> list[int]:
    asked = basket(*(line(price) for price in prices), shipping=490)
    reduction = best(asked, offers).reduction
    return [sum(part.lines[at] for part in reduction.taken) for at in range(len(prices))]


def test_a_percentage_is_of_what_is_left_and_capped() -> None:
    assert taken(offer("percentage", percent=Decimal(10))) == [100, 50]
    assert taken(offer("percentage", percent=Decimal(10), max_discount=75)) == [50, 25]
    fixed = offer("fixed", id_=2, amount=300, priority=1)
    assert taken(offer("percentage", percent=Decimal(10)), fixed) == [280, 140]


def test_a_fixed_amount_never_takes_more_than_there_is() -> None:
    assert taken(offer("fixed", amount=99_999)) == [1000, 500]


def test_conditions_name_goods_and_a_least_subtotal() -> None:
    book, toy = line(1000, category="Books"), line(1000, category="Toys")
    of_books = offer("percentage", percent=Decimal(50), categories=frozenset({"Books"}))
    (part,) = best(basket(book, toy), [of_books]).reduction.taken
    assert list(part.lines) == [500, 0]
    of_one = offer("percentage", percent=Decimal(50), products=frozenset({toy.product_id}))
    (part,) = best(basket(book, toy), [of_one]).reduction.taken
    assert list(part.lines) == [0, 500]
    dear = offer("percentage", percent=Decimal(50), min_subtotal=2001)
    assert best(basket(book, toy), [dear]).reduction.taken == []
    abroad = offer("fixed", amount=5, currency="EUR")
    assert best(basket(book, toy), [abroad]).reduction.taken == []


@pytest.mark.parametrize(
    ("lines", "off"),
    [
        ([(1000, 3)], [1000]),
        ([(1000, 2), (400, 1)], [0, 400]),
        ([(1000, 5), (400, 1)], [1000, 400]),
        ([(1000, 2)], [0]),
        ([(400, 4), (1000, 2)], [800, 0]),
    ],
)
def test_buy_two_get_one_gives_the_cheapest_of_each_three(
    lines: list[tuple[int, int]], off: list[int]
) -> None:
    asked = basket(*(line(price, count) for price, count in lines))
    deal = offer("buy_x_get_y", buy=2, get=1, percent=Decimal(100))
    given_away = best(asked, [deal]).reduction.taken
    assert (list(given_away[0].lines) if given_away else [0] * len(off)) == off


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 7)), min_size=1, max_size=6),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_buy_x_get_y_is_what_laying_out_the_units_says(
    lines: list[tuple[int, int]], buy: int, get: int
) -> None:
    units = sorted((price for price, count in lines for _ in range(count)), reverse=True)
    group = buy + get
    full = len(units) // group * group
    free = sum(price for at, price in enumerate(units[:full]) if at % group >= buy)
    asked = basket(*(line(price, count) for price, count in lines))
    deal = offer("buy_x_get_y", buy=buy, get=get, percent=Decimal(100))
    assert best(asked, [deal]).reduction.amount == free


def test_an_exclusive_offer_stands_alone_when_it_is_worth_more() -> None:
    small = offer("percentage", id_=1, percent=Decimal(5))
    other = offer("percentage", id_=2, percent=Decimal(5))
    big = offer("percentage", id_=3, percent=Decimal(20), exclusive=True)
    alone = best(basket(line(1000)), [small, other, big])
    assert [part.offer.id for part in alone.reduction.taken] == [big.id]
    assert alone.overruled == {small.id, other.id}
    modest = offer("percentage", id_=3, percent=Decimal(7), exclusive=True)
    together = best(basket(line(1000)), [small, other, modest])
    assert [part.offer.id for part in together.reduction.taken] == [small.id, other.id]
    assert together.overruled == {modest.id}


def test_free_shipping_takes_shipping_only() -> None:
    free = offer("free_shipping")
    found = quote(basket(line(1000), shipping=490), [free], {}, UNTAXED)
    assert found.shipping
    assert (found.shipping.discount.amount, found.shipping.total.amount) == (490, 0)
    assert (found.discount.amount, found.total.amount) == (490, 1000)


@given(st.integers(0, 10**9), st.decimals(0, Decimal("0.5"), places=6))
def test_tax_in_a_price_is_the_tax_on_its_net_within_a_minor_unit(
    amount: int, rate: Decimal
) -> None:
    inside = tax(amount, rate, included=True)
    assert 0 <= inside <= amount
    assert abs(tax(amount - inside, rate, included=False) - inside) <= 1


def test_known_taxes() -> None:
    assert tax(1190, Decimal("0.19"), included=True) == 190
    assert tax(1000, Decimal("0.0725"), included=False) == 73
    assert tax(3, Decimal("0.5"), included=False) == 2


def rate(
    region: str, kind: str, share: str, day: str = "2025-01-01", *, own: bool = False
) -> TaxRate:
    return TaxRate("US", region, kind, Decimal(share), date.fromisoformat(day), "test", own)


def test_the_nearest_rate_wins_and_the_shops_own_word_before_the_shipped() -> None:
    table = [
        rate("", "standard", "0.01"),
        rate("", "reduced", "0.005"),
        rate("CA", "standard", "0.0725"),
        rate("CA", "standard", "0.08", "2027-01-01"),
        rate("NY", "standard", "0.04"),
        rate("NY", "standard", "0.05", "2020-01-01", own=True),
    ]
    country = TaxCountry("US", prices_include_tax=False, collected=True)
    today = date(2026, 11, 21)

    def at(region: str | None, kind: str = "standard") -> Decimal:
        return taxes(table, country, region=region, day=today).rate(kind)

    assert at("CA") == at("US-CA") == at("us-ca") == Decimal("0.0725")
    assert at("NY") == Decimal("0.05")
    assert at(None) == at("TX") == at("TX", "luxury") == Decimal("0.01")
    assert at("CA", "reduced") == Decimal("0.005")
    assert at("CA", "shipping") == Decimal("0.0725")
    assert at("CA", "zero") == 0
    later = taxes(table, country, region="CA", day=date(2027, 1, 1))
    assert later.rate("standard") == Decimal("0.08")


def test_nothing_is_collected_where_the_shop_does_not() -> None:
    country = TaxCountry("US", prices_include_tax=False, collected=False)
    found = taxes([rate("", "standard", "0.1")], country, region=None, day=date(2026, 1, 1))
    assert found.rate("standard") == 0
    assert collects("DE", "DE")
    assert collects("DE", "FR")
    assert not collects("DE", "GB")
    assert not collects("GB", "DE")


def test_the_shipped_table_knows_the_world() -> None:
    day = date(2026, 11, 21)
    for country in EUROPEAN_UNION:
        shares_ = {item.tax_class: item.rate for item in in_force(standard(country).rates, day=day)}
        assert Decimal("0.15") <= shares_["standard"] <= Decimal("0.27"), country
        assert standard(country).prices_include_tax
    assert not standard("US").prices_include_tax
    states = {item.region for item in standard("US").rates}
    assert len(states - {""}) == 51
    assert all(item.source and item.valid_from for item in standard("GB").rates)
    assert standard("AQ").rates == ()


def fx(base: str, quote_: str, value: str, day: str = "2026-11-20", source: str = "ECB") -> Rate:
    return Rate(
        base=base, quote=quote_, rate=Decimal(value), day=date.fromisoformat(day), source=source
    )


def test_a_rate_is_direct_or_inverse_or_through_a_third_currency() -> None:
    known = [fx("EUR", "USD", "1.25"), fx("EUR", "GBP", "0.8"), fx("EUR", "JPY", "160")]
    direct = between(known, "EUR", "USD")
    assert direct
    assert (direct.rate, direct.day, direct.source) == (Decimal("1.25"), date(2026, 11, 20), "ECB")
    inverse = between(known, "USD", "EUR")
    assert inverse
    assert inverse.rate == Decimal("0.8")
    across = between(known, "GBP", "USD")
    assert across
    assert across.rate == Decimal("1.5625")
    assert between(known, "GBP", "CHF") is None


def test_the_newest_way_wins_and_is_as_old_as_its_oldest_rate() -> None:
    known = [
        fx("GBP", "USD", "1.3", "2026-11-18", "bank"),
        fx("EUR", "USD", "1.25", "2026-11-20"),
        fx("EUR", "GBP", "0.8", "2026-11-19"),
    ]
    found = between(known, "GBP", "USD")
    assert found
    assert (found.day, found.rate) == (date(2026, 11, 19), Decimal("1.5625"))

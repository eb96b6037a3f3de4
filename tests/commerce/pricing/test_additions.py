"""Goods that come to an order: its prices stay, and it is never given more than a fresh cart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.pricing.domain.additions import price_additions, taken_off
from bodega.commerce.pricing.domain.promotions import best, subtotal
from bodega.commerce.pricing.domain.taxes import TaxCountry, Taxes
from bodega.contracts.pricing import BasketLine
from tests.commerce.pricing.baskets import basket, line, offer

KINDS = st.one_of(
    st.fixed_dictionaries({"kind": st.just("percentage"), "percent": st.integers(1, 100)}),
    st.fixed_dictionaries({"kind": st.just("fixed"), "amount": st.integers(1, 3000)}),
    st.fixed_dictionaries(
        {"kind": st.just("buy_x_get_y"), "buy": st.integers(1, 3), "get": st.integers(1, 2),
         "percent": st.sampled_from([50, 100])}
    ),
)  # fmt: skip
OFFERS = st.lists(
    st.tuples(KINDS, st.booleans(), st.sampled_from([0, 0, 1500])), min_size=1, max_size=3
)
GOODS = st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 4)), min_size=1, max_size=3)


def off(old: list[BasketLine], new: list[BasketLine], made: list[Any], had: int) -> list[int]:
    return taken_off(basket(*old, *new), {item.key for item in new}, had, made)


@given(old=GOODS, new=GOODS, offers=OFFERS, more=st.integers(-500, 500))
def test_an_order_is_never_given_more_than_a_fresh_cart(
    old: list[tuple[int, int]], new: list[tuple[int, int]], offers: list[Any], more: int
) -> None:
    before, added = ([line(*each) for each in goods] for goods in (old, new))
    made = [
        offer(id_=at + 1, exclusive=alone, min_subtotal=least, **kind)
        for at, (kind, alone, least) in enumerate(offers)
    ]
    agreed = best(basket(*before), made).reduction.amount
    had = max(0, agreed + more)
    parts = off(before, added, made, had)
    fresh = best(basket(*before, *added), made).reduction.amount
    whole = sum(map(subtotal, added))
    assert all(0 <= part <= subtotal(item) for part, item in zip(parts, added, strict=True))
    assert had + sum(parts) <= max(had, fresh)
    if had == agreed:  # nothing has changed since: it comes to what the fresh cart does
        assert sum(parts) == min(max(0, fresh - agreed), whole)


@pytest.mark.parametrize(
    ("kind", "old", "had", "new", "expected"),
    [
        ({"kind": "fixed", "amount": 500}, (1000, 3), 500, (1000, 1), 0),
        ({"kind": "percentage", "percent": 10}, (1000, 3), 300, (500, 1), 50),
        ({"kind": "percentage", "percent": 10}, (1000, 3), 0, (500, 1), 50),
        ({"kind": "percentage", "percent": 10}, (1000, 3), 600, (500, 1), 0),
        ({"kind": "buy_x_get_y", "buy": 2, "get": 1, "percent": 100}, (900, 2), 0, (900, 1), 900),
        ({"kind": "percentage", "percent": 10, "min_subtotal": 2500}, (1000, 2), 0, (600, 1), 260),
        ({"kind": "percentage", "percent": 10, "limited": True}, (1000, 1), 100, (500, 1), 0),
    ],
    ids=["once", "as_others", "new_since", "coupon_was_better", "third_free", "reached", "counted"],
)  # fmt: skip
def test_what_added_goods_get(
    kind: dict[str, Any], old: tuple[int, int], had: int, new: tuple[int, int], expected: int
) -> None:
    nothing = Taxes(TaxCountry("GB", prices_include_tax=True, collected=False), {}, {})
    added = line(*new)
    [priced] = price_additions(
        basket(line(*old), added), {added.key}, had, [offer(**kind)], nothing
    )
    assert priced.discount.amount == expected
    assert priced.total.amount == new[0] * new[1] - expected

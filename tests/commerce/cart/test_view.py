"""A basket with today's prices and stock, and the changes it shows."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.commerce.cart.domain import Basket, priced
from bodega.contracts.cart import CartView
from bodega.kernel.ids import VariantId
from bodega.kernel.money import Money
from bodega.kernel.quantity import PurchaseLimit
from tests.commerce.cart.baskets import LIMITS, basket, line, shelf, variant


def pounds(amount: int) -> Money:
    return Money(amount=amount, currency="GBP")


def seen(found: Basket, left: int = 50, limits=LIMITS, **of_variant) -> CartView:
    stock: dict[VariantId, int] = dict.fromkeys([one.variant_id for one in found.lines], left)
    known = shelf(*found.lines, **of_variant)
    return priced(found, known, stock, currency="GBP", limits=limits)


def kinds(view: CartView) -> list[str]:
    return [notice.kind for item in view.lines for notice in item.notices]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10), st.integers(0, 10**6)), max_size=20))
def test_the_total_is_the_sum_of_its_lines(parts: list[tuple[int, int]]) -> None:
    lines = [line(quantity) for quantity, _ in parts]
    known = {
        item.variant_id: variant(item.variant_id, amount)
        for item, (_, amount) in zip(lines, parts, strict=True)
    }
    view = priced(basket(*lines), known, {}, currency="GBP", limits=LIMITS)
    assert view.total.amount == sum(quantity * amount for quantity, amount in parts)
    assert view.units == sum(quantity for quantity, _ in parts)


@pytest.mark.parametrize(
    ("left", "active", "told", "buyable"),
    [
        (50, True, [], True),
        (5, True, ["few_left"], True),
        (2, True, ["few_left"], True),
        (1, True, ["not_enough"], False),
        (0, True, ["sold_out"], False),
        (50, False, ["not_for_sale"], False),
    ],
)
def test_a_line_tells_what_is_left(left: int, active: bool, told: list[str], buyable: bool) -> None:
    view = seen(basket(line(2)), left, active=active)
    assert (kinds(view), view.lines[0].available) == (told, buyable)
    assert view.problems == ([] if buyable else ["lines_unavailable"])


def test_a_line_tells_what_is_left_in_numbers() -> None:
    [notice] = seen(basket(line(4)), 3).lines[0].notices
    assert (notice.kind, notice.left) == ("not_enough", 3)


@pytest.mark.parametrize(
    ("was", "told"), [(1200, "price_raised"), (1400, "price_lowered"), (1300, None), (None, None)]
)
def test_a_line_tells_that_its_price_moved(was: int | None, told: str | None) -> None:
    known_price = pounds(was) if was else None
    view = seen(basket(line(1, seen=known_price)), amount=1300)
    assert kinds(view) == ([told] if told else [])
    if told:
        [notice] = view.lines[0].notices
        assert (notice.was, notice.now) == (known_price, pounds(1300))
    assert view.lines[0].available
    assert view.total == pounds(1300)


def test_a_quantity_that_is_no_longer_sold_cannot_be_bought() -> None:
    view = seen(basket(line(4)), min_quantity=6)
    assert (kinds(view), view.lines[0].available) == (["wrong_quantity"], False)
    assert (view.lines[0].min_quantity, view.lines[0].max_quantity) == (6, 10)


@pytest.mark.parametrize(
    ("may_buy", "quantity", "left"),
    [(None, 3, None), (None, 4, 3), (0, 1, 0), (3, 2, None), (2, 3, 2)],
    ids=["guest within", "guest beyond", "none left", "within", "one too many"],
)
def test_a_line_beyond_what_the_customer_may_buy_cannot_be_bought(
    may_buy: int | None, quantity: int, left: int | None
) -> None:
    item = line(quantity)
    known = {item.variant_id: variant(item.variant_id, purchase_limit=PurchaseLimit(units=3))}
    allowed = None if may_buy is None else {item.variant_id: may_buy}
    view = priced(
        basket(item), known, {item.variant_id: 9}, currency="GBP", limits=LIMITS, allowed=allowed
    )
    told = [(notice.kind, notice.left) for notice in view.lines[0].notices]
    assert told == ([("purchase_limit", left)] if left is not None else [])
    assert view.lines[0].available is (left is None)
    assert view.problems == ([] if left is None else ["lines_unavailable"])
    assert view.lines[0].max_quantity == 3


def test_a_line_whose_price_moved_to_another_currency_cannot_be_bought() -> None:
    first, second = line(), line()
    known = {
        first.variant_id: variant(first.variant_id, 100),
        second.variant_id: variant(second.variant_id, 900, "EUR"),
    }
    stock = dict.fromkeys(known, 50)
    view = priced(basket(first, second), known, stock, currency="GBP", limits=LIMITS)
    assert [item.available for item in view.lines] == [True, False]
    assert (kinds(view), view.total) == (["other_currency"], pounds(100))


def test_what_is_put_aside_does_not_count() -> None:
    view = seen(basket(line(2), line(7, saved=True)), amount=100)
    assert (view.units, view.total, len(view.lines), len(view.saved)) == (2, pounds(200), 1, 1)
    alone = seen(basket(line(7, saved=True)), left=0)
    assert (alone.units, alone.problems) == (0, [])


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"min_total": 501}, "below_minimum"),
        ({"max_total": 499}, "above_maximum"),
        ({"max_total_units": 1}, "too_many_units"),
        ({"min_total": 500, "max_total": 500, "max_total_units": 2}, None),
    ],
)
def test_limits_of_the_whole_cart_stand_in_the_way(
    limits: dict[str, int], problem: str | None
) -> None:
    view = seen(basket(line(2)), limits=replace(LIMITS, **limits), amount=250)
    assert view.problems == ([problem] if problem else [])

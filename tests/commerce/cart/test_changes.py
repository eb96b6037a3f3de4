"""What each change makes of a basket, and which ones overwrite."""

from uuid import uuid4

import pytest

from bodega.commerce.cart import errors
from bodega.commerce.cart.domain import Basket, changed, overwrites
from bodega.commerce.cart.domain.basket import MAX_COUPONS, MAX_LINES
from bodega.contracts.cart import (
    Acknowledge,
    AddCoupon,
    CartChange,
    DropCoupon,
    DropLine,
    SaveLine,
    SetLine,
    SetNote,
)
from bodega.kernel.ids import VariantId
from bodega.kernel.money import Money
from tests.commerce.cart.baskets import LIMITS, basket, line, shelf, variant


def after(found: Basket, change: CartChange, **of_variant) -> Basket:
    concerned = [*found.lines]
    if isinstance(change, SetLine) and found.line(change.variant_id) is None:
        concerned.append(line()._replace(variant_id=change.variant_id))
    return changed(found, change, shelf(*concerned, **of_variant), LIMITS)


def setting(variant_id: VariantId, quantity: int, add: bool = False) -> SetLine:
    return SetLine(variant_id=variant_id, quantity=quantity, add=add)


def test_a_quantity_is_set_added_to_and_taken_away() -> None:
    found = basket(line(2))
    key = found.lines[0].variant_id
    assert after(found, setting(key, 5)).lines[0].quantity == 5
    assert after(found, setting(key, 5, add=True)).lines[0].quantity == 7
    assert after(found, setting(key, 0)).lines == []
    assert after(found, DropLine(variant_id=key)).lines == []
    assert after(found, setting(key, 2)) == found


def test_a_line_remembers_the_price_it_was_put_in_at() -> None:
    found = after(basket(), setting(VariantId(uuid4()), 1), amount=1200)
    assert found.lines[0].seen == Money(amount=1200, currency="GBP")


@pytest.mark.parametrize("quantity", [11, 10**9])
def test_units_of_one_variant_are_limited(quantity: int) -> None:
    with pytest.raises(errors.TooManyUnits):
        after(basket(), setting(VariantId(uuid4()), quantity))


def test_a_quantity_is_not_below_zero() -> None:
    with pytest.raises(errors.WrongQuantity):
        after(basket(), setting(VariantId(uuid4()), -1))


@pytest.mark.parametrize(
    ("quantity", "error"),
    [
        (6, None),
        (9, None),
        (5, errors.WrongQuantity),
        (7, errors.WrongQuantity),
        (12, errors.TooManyUnits),
    ],
)
def test_a_variant_is_sold_in_its_own_quantities(
    quantity: int, error: type[Exception] | None
) -> None:
    sold = {"min_quantity": 6, "quantity_step": 3, "max_quantity": 9}
    change = setting(VariantId(uuid4()), quantity)
    if error is None:
        assert after(basket(), change, **sold).lines[0].quantity == quantity
    else:
        with pytest.raises(error):
            after(basket(), change, **sold)


def test_all_units_together_are_limited_but_may_be_lowered() -> None:
    full = basket(*(line(10) for _ in range(5)))
    key = full.lines[0].variant_id
    with pytest.raises(errors.CartFull):
        after(full, setting(VariantId(uuid4()), 1))
    assert after(full, setting(key, 9)).lines[0].quantity == 9


def test_a_full_cart_takes_no_new_line_but_lets_old_ones_change() -> None:
    full = basket(*(line(1, saved=True) for _ in range(MAX_LINES)))
    assert after(full, setting(full.lines[0].variant_id, 2)).lines[0].quantity == 2
    with pytest.raises(errors.TooManyLines):
        after(full, setting(VariantId(uuid4()), 1))


def test_currencies_are_not_mixed_among_what_is_bought_now() -> None:
    pounds, euros = line(), line()
    known = {
        pounds.variant_id: variant(pounds.variant_id),
        euros.variant_id: variant(euros.variant_id, currency="EUR"),
    }
    change = setting(euros.variant_id, 1)
    with pytest.raises(errors.CurrencyMixed):
        changed(basket(pounds), change, known, LIMITS)
    aside = basket(pounds._replace(saved=True))
    assert len(changed(aside, change, known, LIMITS).wanted) == 1


def test_what_is_not_for_sale_is_not_put_in() -> None:
    key = VariantId(uuid4())
    with pytest.raises(errors.NotForSale):
        changed(basket(), setting(key, 1), {}, LIMITS)
    with pytest.raises(errors.NotForSale):
        after(basket(), setting(key, 1), active=False)


def test_a_line_is_put_aside_and_comes_back() -> None:
    found = basket(line(3))
    key = found.lines[0].variant_id
    aside = after(found, SaveLine(variant_id=key, saved=True))
    assert (aside.wanted, aside.lines[0].saved) == ([], True)
    back = after(aside, SaveLine(variant_id=key, saved=False))
    assert (back.wanted[0].quantity, back.wanted[0].saved) == (3, False)
    assert after(aside, setting(key, 1, add=True)).wanted[0].quantity == 1
    assert after(found, SaveLine(variant_id=key, saved=False)) == found
    with pytest.raises(errors.LineNotFound):
        after(found, SaveLine(variant_id=VariantId(uuid4()), saved=True))


def test_what_is_no_longer_for_sale_may_be_put_aside_but_not_back() -> None:
    found = basket(line(3))
    key = found.lines[0].variant_id
    aside = after(found, SaveLine(variant_id=key, saved=True), active=False)
    with pytest.raises(errors.NotForSale):
        after(aside, SaveLine(variant_id=key, saved=False), active=False)


def test_codes_come_once_and_go() -> None:
    found = after(basket(), AddCoupon(code="SPRING"))
    assert after(found, AddCoupon(code="SPRING")).coupons == ["SPRING"]
    assert after(found, DropCoupon(code="SPRING")).coupons == []
    full = basket(coupons=[f"CODE{n}" for n in range(MAX_COUPONS)])
    with pytest.raises(errors.TooManyCoupons):
        after(full, AddCoupon(code="ANOTHER"))


def test_acknowledging_takes_todays_prices_as_seen() -> None:
    found = basket(line(1, seen=Money(amount=100, currency="GBP")))
    assert after(found, Acknowledge(), amount=130).lines[0].seen == Money(
        amount=130, currency="GBP"
    )


def test_what_only_adds_overwrites_nothing() -> None:
    held, aside = line(2), line(1, saved=True)
    found = basket(held, aside, note="Ring twice", coupons=["SPRING"])
    fresh = VariantId(uuid4())
    harmless = [
        setting(fresh, 4),
        setting(held.variant_id, 2),
        setting(held.variant_id, 1, add=True),
        SaveLine(variant_id=held.variant_id, saved=False),
        DropLine(variant_id=fresh),
        SetNote(note="Ring twice"),
        AddCoupon(code="SUMMER"),
        DropCoupon(code="SUMMER"),
        Acknowledge(),
    ]
    replacing = [
        setting(held.variant_id, 3),
        setting(held.variant_id, 0),
        setting(aside.variant_id, 1),
        SaveLine(variant_id=held.variant_id, saved=True),
        DropLine(variant_id=aside.variant_id),
        SetNote(note=""),
        DropCoupon(code="SPRING"),
    ]
    assert [change for change in harmless if overwrites(found, change)] == []
    assert [change for change in replacing if not overwrites(found, change)] == []
    assert not overwrites(basket(), SetNote(note="Ring twice"))

"""The rules of a basket."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.cart import domain, errors
from bodega.commerce.cart.domain import Basket, Line
from bodega.contracts.catalog import SellableVariant
from bodega.kernel.ids import CartId, ProductId, UserId, VariantId
from bodega.kernel.money import Money

MARIA, OTTO = UserId(uuid4()), UserId(uuid4())


def basket(*lines: Line, owner: UserId | None = None, status: str = "open") -> Basket:
    return Basket(CartId(uuid4()), owner, status, 3, lines)


def line(quantity: int = 1) -> Line:
    return Line(VariantId(uuid4()), quantity)


def variant(
    variant_id: UUID, amount: int = 250, currency: str = "GBP", active: bool = True
) -> SellableVariant:
    return SellableVariant(
        id=VariantId(variant_id),
        product_id=ProductId(uuid4()),
        slug="mug",
        sku="MUG",
        title="Mug",
        price=Money(amount=amount, currency=currency),
        active=active,
    )


@pytest.mark.parametrize(("owner", "reader"), [(None, None), (None, MARIA), (MARIA, MARIA)])
def test_a_guests_cart_is_everyones_who_knows_it_and_a_customers_its_owners(
    owner: UserId | None, reader: UserId | None
) -> None:
    found = basket(owner=owner)
    assert domain.check_reader(found, reader) is found


@pytest.mark.parametrize("reader", [None, OTTO])
def test_to_others_a_customers_cart_does_not_exist(reader: UserId | None) -> None:
    with pytest.raises(errors.CartNotFound):
        domain.check_reader(basket(owner=MARIA), reader)


@pytest.mark.parametrize("tag", [None, '"3"', "*", '"1", "3"'])
def test_the_version_read_may_be_changed(tag: str | None) -> None:
    domain.check_open(basket(), tag)


@pytest.mark.parametrize("tag", ['"2"', "3", 'W/"3"', "", "garbage"])
def test_another_version_may_not(tag: str) -> None:
    with pytest.raises(errors.CartMoved):
        domain.check_open(basket(), tag)


@pytest.mark.parametrize("status", ["ordered", "merged"])
def test_a_closed_cart_refuses_changes(status: str) -> None:
    with pytest.raises(errors.CartClosed):
        domain.check_open(basket(status=status), None)


@pytest.mark.parametrize("quantity", [-1, 11, 10**9])
def test_units_are_limited(quantity: int) -> None:
    with pytest.raises(errors.TooManyUnits):
        domain.check_quantity(basket(), VariantId(uuid4()), quantity, max_units=10)


def test_a_full_cart_takes_no_new_line_but_lets_old_ones_change() -> None:
    full = basket(*(line() for _ in range(domain.MAX_LINES)))
    domain.check_quantity(full, full.lines[0].variant_id, 2, max_units=10)
    with pytest.raises(errors.TooManyLines):
        domain.check_quantity(full, VariantId(uuid4()), 1, max_units=10)


def test_currencies_are_not_mixed() -> None:
    one, other = variant(uuid4()), variant(uuid4(), currency="EUR")
    with pytest.raises(errors.CurrencyMixed):
        domain.check_currency({one.id: one, other.id: other})


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 10**6)), max_size=20))
def test_the_total_is_the_sum_of_its_lines(parts: list[tuple[int, int]]) -> None:
    lines = [line(quantity) for quantity, _ in parts]
    known = {
        item.variant_id: variant(item.variant_id, amount)
        for item, (_, amount) in zip(lines, parts, strict=True)
    }
    view = domain.priced(basket(*lines), known, {}, currency="GBP")
    assert view.total.amount == sum(quantity * amount for quantity, amount in parts)
    assert view.units == sum(quantity for quantity, _ in parts)


@pytest.mark.parametrize(
    ("stock", "active", "buyable"), [(2, True, True), (1, True, False), (2, False, False)]
)
def test_a_line_is_available_when_it_is_for_sale_and_in_stock(
    stock: int, active: bool, buyable: bool
) -> None:
    wanted = line(2)
    known = {wanted.variant_id: variant(wanted.variant_id, active=active)}
    view = domain.priced(basket(wanted), known, {wanted.variant_id: stock}, currency="GBP")
    assert view.lines[0].available is buyable


def test_a_line_whose_price_moved_to_another_currency_cannot_be_bought() -> None:
    pounds, euros = line(), line()
    known = {
        pounds.variant_id: variant(pounds.variant_id, 100),
        euros.variant_id: variant(euros.variant_id, 900, "EUR"),
    }
    stock = dict.fromkeys(known, 5)
    view = domain.priced(basket(pounds, euros), known, stock, currency="GBP")
    assert [item.available for item in view.lines] == [True, False]
    assert view.total == Money(amount=100, currency="GBP")


def test_merging_adds_up_to_the_limit() -> None:
    shared, mine, theirs = line(7), line(1), line(2)
    both = domain.merged(
        basket(shared, mine), basket(Line(shared.variant_id, 7), theirs), max_units=10
    )
    assert {item.variant_id: item.quantity for item in both} == {
        shared.variant_id: 10,
        mine.variant_id: 1,
        theirs.variant_id: 2,
    }

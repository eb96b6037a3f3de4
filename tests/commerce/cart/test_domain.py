"""Who may see and change a basket, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from bodega.commerce.cart import domain, errors
from bodega.commerce.cart.domain import Guard, Line
from bodega.kernel.ids import UserId
from tests.commerce.cart.baskets import basket, line

MARIA, OTTO = UserId(uuid4()), UserId(uuid4())
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(("owner", "reader"), [(None, None), (None, MARIA), (MARIA, MARIA)])
def test_a_guests_cart_is_everyones_who_knows_it_and_a_customers_its_owners(
    owner: UserId | None, reader: UserId | None
) -> None:
    found = basket(owner=owner)
    assert domain.check_reader(found, reader, now=NOW) is found


@pytest.mark.parametrize("reader", [None, OTTO])
def test_to_others_a_customers_cart_does_not_exist(reader: UserId | None) -> None:
    with pytest.raises(errors.CartNotFound):
        domain.check_reader(basket(owner=MARIA), reader, now=NOW)


def test_an_open_cart_ends_with_its_life_and_an_ordered_one_stays() -> None:
    for after, alive in ((timedelta(seconds=1), True), (timedelta(0), False)):
        found = basket(expires_at=NOW + after)
        if alive:
            assert domain.check_reader(found, None, now=NOW)
        else:
            with pytest.raises(errors.CartNotFound):
                domain.check_reader(found, None, now=NOW)
    assert domain.check_reader(basket(status="ordered", expires_at=NOW), None, now=NOW)


@pytest.mark.parametrize("tag", [None, '"3"', "*", '"1", "3"'])
def test_the_version_read_may_be_changed(tag: str | None) -> None:
    domain.check_guard(basket(), Guard(tag), overwrites=True)


@pytest.mark.parametrize("tag", ['"2"', "3", 'W/"3"', "", "garbage"])
def test_another_version_may_not(tag: str) -> None:
    with pytest.raises(errors.CartMoved):
        domain.check_guard(basket(), Guard(tag), overwrites=False)


def test_overwriting_needs_a_version_where_one_is_required() -> None:
    domain.check_guard(basket(), Guard(), overwrites=True)
    domain.check_guard(basket(), Guard(required=True), overwrites=False)
    with pytest.raises(errors.IfMatchMissing):
        domain.check_guard(basket(), Guard(required=True), overwrites=True)


@pytest.mark.parametrize("status", ["ordered", "merged"])
def test_a_closed_cart_refuses_changes_and_says_where_to_go_on(status: str) -> None:
    closed = basket(status=status, next_cart_id=uuid4())
    with pytest.raises(errors.CartClosed) as refused:
        domain.check_open(closed)
    assert refused.value.extra == {"next_cart_id": closed.next_cart_id}


def ten(_variant: object, quantity: int) -> int:
    return min(quantity, 10)


def test_merging_adds_up_to_the_limit() -> None:
    shared, mine, theirs = line(7), line(1), line(2)
    both = domain.merged(basket(shared, mine), basket(Line(shared.variant_id, 7), theirs), fit=ten)
    assert {item.variant_id: item.quantity for item in both.lines} == {
        shared.variant_id: 10,
        mine.variant_id: 1,
        theirs.variant_id: 2,
    }


def test_merging_buys_now_what_one_of_them_buys_now() -> None:
    here, there = line(2, saved=True), line(3)
    one = basket(here, there)
    other = basket(here._replace(saved=False, quantity=1), there._replace(saved=True, quantity=9))
    both = domain.merged(one, other, fit=ten)
    found = {item.variant_id: (item.quantity, item.saved) for item in both.lines}
    assert found == {here.variant_id: (1, False), there.variant_id: (3, False)}


def test_merging_keeps_notes_and_codes() -> None:
    one = basket(coupons=["A1", "B2"])
    other = basket(coupons=["B2", "C3", "D4", "E5", "F6"], note="Ring twice")
    both = domain.merged(one, other, fit=ten)
    assert (both.note, both.coupons) == ("Ring twice", ["A1", "B2", "C3", "D4", "E5"])


def test_what_an_order_did_not_take_is_left_over() -> None:
    bought, raised, fresh, aside = line(2), line(5), line(1), line(4, saved=True)
    found = basket(bought, raised, fresh, aside)
    ordered = {bought.variant_id: 2, raised.variant_id: 3, aside.variant_id: 4}
    left = {item.variant_id: item.quantity for item in domain.left_over(found, ordered)}
    assert left == {raised.variant_id: 2, fresh.variant_id: 1, aside.variant_id: 4}

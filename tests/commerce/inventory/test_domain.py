"""What is free, what falls short, what a lapsed hold may still take."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.inventory.domain import Hold, consumable, free, merged, shortfalls

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
units = st.integers(0, 50)


def hold(quantity: int, *, minutes: int, variant: UUID = A) -> Hold:
    return Hold(variant, quantity, "held", NOW + timedelta(minutes=minutes))


@given(on_hand=units, held=units)
def test_free_is_never_negative_and_never_more_than_on_hand(on_hand: int, held: int) -> None:
    assert 0 <= free(on_hand, held) <= on_hand
    assert free(on_hand, held) + min(held, on_hand) == on_hand


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 9))))
def test_lines_of_one_variant_are_added_up_in_variant_order(lines: list[tuple[UUID, int]]) -> None:
    wanted = merged(lines)
    assert list(wanted) == sorted(wanted)
    assert sum(wanted.values()) == sum(quantity for _, quantity in lines)


def test_a_variant_without_a_level_falls_short() -> None:
    assert shortfalls({A: 1, B: 1}, {A: 1}, {}) == [B]


def test_what_others_hold_cannot_be_promised_again() -> None:
    assert shortfalls({A: 3}, {A: 5}, {A: 3}) == [A]
    assert shortfalls({A: 2}, {A: 5}, {A: 3}) == []


def test_a_live_hold_is_taken_from_what_is_on_hand() -> None:
    assert consumable([hold(5, minutes=1)], on_hand={A: 5}, held_by_others={}, now=NOW)


def test_a_live_hold_fails_when_a_correction_took_the_units() -> None:
    assert not consumable([hold(5, minutes=1)], on_hand={A: 4}, held_by_others={}, now=NOW)


def test_a_lapsed_hold_is_honoured_only_from_what_nobody_holds() -> None:
    lapsed = [hold(2, minutes=0)]
    assert consumable(lapsed, on_hand={A: 5}, held_by_others={A: 3}, now=NOW)
    assert not consumable(lapsed, on_hand={A: 5}, held_by_others={A: 4}, now=NOW)


def test_one_hold_that_cannot_be_taken_fails_all() -> None:
    holds = [hold(1, minutes=1), hold(1, minutes=1, variant=B)]
    assert not consumable(holds, on_hand={A: 1, B: 0}, held_by_others={}, now=NOW)

"""What may be promised, and from which locations it is best taken."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.inventory.domain import (
    Hold,
    Level,
    Place,
    Promise,
    drawn,
    merged,
    plan,
    shortfalls,
    still_there,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
HOME, ABROAD = Place("home"), Place("abroad", country="DE", serves=("AT",))
units = st.integers(0, 50)
places = [Place(f"p{index:02}", priority=index) for index in range(12)]


def planned(wanted: dict[UUID, int], *levels: Level, to: str = "GB") -> dict | None:
    return plan(wanted, levels, country=to, home="GB")


def hold(quantity: int, *, minutes: int) -> Hold:
    return Hold(A, HOME.code, quantity, NOW + timedelta(minutes=minutes))


@given(on_hand=units, held=units, allocated=units, safety=units)
def test_what_is_free_is_never_negative_nor_more_than_on_hand(
    on_hand: int, held: int, allocated: int, safety: int
) -> None:
    level = Level(A, HOME, on_hand, allocated=allocated, held=held, safety_stock=safety)
    assert 0 <= level.free <= on_hand
    assert level.free == level.capacity


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 9))))
def test_lines_of_one_variant_are_added_up_in_variant_order(lines: list[tuple[UUID, int]]) -> None:
    wanted = merged(lines)
    assert list(wanted) == sorted(wanted)
    assert sum(wanted.values()) == sum(quantity for _, quantity in lines)


def test_a_variant_without_a_level_falls_short() -> None:
    assert shortfalls({A: 1, B: 1}, [Level(A, HOME, 1)]) == [B]


def test_what_others_hold_cannot_be_promised_again() -> None:
    assert shortfalls({A: 3}, [Level(A, HOME, 5, held=3)]) == [A]
    assert shortfalls({A: 2}, [Level(A, HOME, 5, held=3)]) == []


def test_an_allowance_counts_but_not_what_a_closed_place_has() -> None:
    assert shortfalls({A: 3}, [Level(A, HOME, 1, allowance=2)]) == []
    closed = Place("closed", active=False)
    assert shortfalls({A: 1}, [Level(A, closed, 5, allowance=5)]) == [A]


def test_distance_is_the_country_then_what_is_served_then_far() -> None:
    near = [ABROAD.distance(code, home="GB") for code in ("DE", "AT", "GB")]
    assert near == sorted(near)
    assert HOME.distance("GB", home="GB") == 0


def test_one_place_that_has_all_is_taken_before_a_nearer_split() -> None:
    levels = [Level(A, HOME, 1), Level(A, ABROAD, 2), Level(B, ABROAD, 1)]
    assert planned({A: 1, B: 1}, *levels) == {(A, "abroad"): 1, (B, "abroad"): 1}


def test_of_two_that_have_all_the_nearer_sends() -> None:
    levels = [Level(A, HOME, 5), Level(A, ABROAD, 5)]
    assert planned({A: 1}, *levels) == {(A, "home"): 1}
    assert planned({A: 1}, *levels, to="AT") == {(A, "abroad"): 1}


def test_units_on_hand_go_before_a_backorder_nearby() -> None:
    levels = [Level(A, HOME, 0, allowance=9), Level(A, ABROAD, 3)]
    assert planned({A: 3}, *levels) == {(A, "abroad"): 3}
    assert planned({A: 4}, *levels) == {(A, "home"): 4}


def test_too_little_everywhere_is_no_plan() -> None:
    assert planned({A: 3}, Level(A, HOME, 1), Level(A, ABROAD, 1)) is None


@given(
    stock=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    other=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    wanted=st.integers(1, 12),
    also=st.integers(0, 6),
)
def test_a_plan_takes_exactly_what_is_wanted_and_never_more_than_there_is(
    stock: list[int], other: list[int], wanted: int, also: int
) -> None:
    levels = [Level(A, place, n) for place, n in zip(places, stock, strict=False)]
    levels += [Level(B, place, n) for place, n in zip(places, other, strict=True)]
    asked = {A: wanted} | ({B: also} if also else {})
    found = planned(asked, *levels)
    assert (found is None) == bool(shortfalls(asked, levels))
    if found is not None:
        for variant, quantity in asked.items():
            assert sum(n for (item, _), n in found.items() if item == variant) == quantity
        have = {level.spot: level.on_hand for level in levels}
        assert all(0 < n <= have[spot] for spot, n in found.items())


def test_a_live_hold_stays_where_its_units_are() -> None:
    levels = {(A, "home"): Level(A, HOME, 5, held=5)}
    assert still_there([hold(5, minutes=1)], levels, now=NOW)
    assert not still_there([hold(5, minutes=0)], levels, now=NOW)
    assert not still_there([hold(6, minutes=1)], levels, now=NOW)


def test_who_was_promised_first_is_covered_first() -> None:
    early, late = Promise(A, A, "home", open=2), Promise(B, A, "home", open=2, queued=2)
    assert [promise.covered(3) for promise in (early, late)] == [2, 1]


def test_units_are_drawn_in_order() -> None:
    promises = [Promise(A, A, "home", open=2), Promise(B, A, "home", open=2)]
    assert drawn(promises, 3, lambda promise: promise.open) == {A: 2, B: 1}
    assert drawn(promises, 9, lambda promise: promise.open) == {A: 2, B: 2}

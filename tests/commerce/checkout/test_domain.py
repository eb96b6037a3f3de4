"""The saga's pure rules."""

from typing import get_args
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.checkout.domain import (
    UNDONE_BY,
    Step,
    Undo,
    command,
    declined,
    live,
    may_become,
    not_captured,
    out_of_stock,
    refusal,
    wait_before,
)
from bodega.contracts.checkout import CheckoutState

STATES: tuple[CheckoutState, ...] = get_args(CheckoutState)


def test_every_step_has_its_undo() -> None:
    assert set(UNDONE_BY) == set(Step)
    assert set(UNDONE_BY.values()) == set(Undo)


def test_a_saga_ends_once() -> None:
    assert [state for state in STATES if live(state)] == ["running", "undoing"]
    for before in ("completed", "failed"):
        assert not any(may_become(before, after) for after in STATES)
    assert not may_become("undoing", "completed")
    assert not may_become("running", "failed")


def test_a_step_is_always_named_the_same_and_never_like_another() -> None:
    one, other = uuid4(), uuid4()
    names = {command(saga, step) for saga in (one, other) for step in (*Step, *Undo)}
    assert len(names) == 2 * (len(Step) + len(Undo))
    assert command(one, Step.PLACE) == command(one, Step.PLACE)


@given(attempt=st.integers(0, 10_000), spread=st.floats(0, 1))
def test_waits_grow_to_five_minutes_and_never_vanish(attempt: int, spread: float) -> None:
    seconds = wait_before(attempt, spread).total_seconds()
    assert 0.5 <= seconds <= 300
    assert wait_before(attempt + 1, spread).total_seconds() >= seconds


def test_failures_become_the_errors_clients_know() -> None:
    expected = ((out_of_stock(["Mug"]), 409), (declined("lost_card"), 402), (not_captured(), 409))
    for failure, status in expected:
        error = refusal(failure.code, failure.detail)
        assert (error.code, error.status, error.detail) == (failure.code, status, failure.detail)
    assert declined("lost_card").decline_code == "lost_card"
    assert "Cup, Mug" in out_of_stock(["Mug", "Cup"]).detail

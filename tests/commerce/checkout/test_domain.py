"""The saga's pure rules."""

from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.checkout.domain import (
    UNDONE_BY,
    Step,
    Undo,
    command,
    declined,
    driven,
    failed_by,
    live,
    may_become,
    out_of_stock,
    refusal,
    unscreened,
    wait_before,
)
from bodega.commerce.checkout.errors import (
    BuyerGone,
    CheckoutCancelled,
    PaymentNotCaptured,
    PromotionUsedUp,
    PurchaseRefused,
    ReviewRefused,
)
from bodega.contracts.checkout import CheckoutState
from bodega.kernel.money import Money

STATES: tuple[CheckoutState, ...] = get_args(CheckoutState)


def test_every_step_has_its_undo() -> None:
    assert set(UNDONE_BY) == set(Step)
    assert {undo for undo in UNDONE_BY.values() if undo} == set(Undo)


def test_a_saga_ends_once() -> None:
    assert [state for state in STATES if live(state)] == ["running", "waiting", "undoing"]
    assert [state for state in STATES if driven(state)] == ["running", "undoing"]
    for before in ("completed", "failed"):
        assert not any(may_become(before, after) for after in STATES)
    assert not may_become("undoing", "completed")
    assert not may_become("running", "failed")
    assert not may_become("waiting", "completed")
    assert may_become("running", "waiting")
    assert may_become("waiting", "running")


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
    statuses = {
        out_of_stock(["Mug"]): 409,
        declined("lost_card"): 402,
        failed_by(PromotionUsedUp): 409,
        failed_by(PurchaseRefused): 409,
        failed_by(PaymentNotCaptured): 409,
        failed_by(BuyerGone): 409,
        failed_by(ReviewRefused): 409,
        failed_by(CheckoutCancelled): 409,
    }
    for failure, status in statuses.items():
        error = refusal(failure.code, failure.detail)
        assert (error.code, error.status, error.detail) == (failure.code, status, failure.detail)
    assert declined("lost_card").decline_code == "lost_card"
    assert "Cup, Mug" in out_of_stock(["Mug", "Cup"]).detail


@pytest.mark.parametrize(
    ("amount", "currency", "decision"),
    [(9_999, "GBP", "accept"), (10_000, "GBP", "review"), (1, "JPY", "review")],
)
def test_a_late_score_opens_for_small_purchases_in_our_currency(
    amount: int, currency: str, decision: str
) -> None:
    score = unscreened(Money(amount=amount, currency=currency), open_below=10_000, currency="GBP")
    assert (score.decision, score.model) == (decision, "policy")

"""The life of a payment."""

from pathlib import Path
from typing import get_args

import pytest

from bodega.commerce.payments.adapters.stripe_money import from_stripe, to_stripe
from bodega.commerce.payments.domain import may_follow, refund_may_follow, settled
from bodega.commerce.payments.domain.payment import drawn
from bodega.contracts.payments import PaymentStatus
from bodega.kernel.money import Money

STATUSES: tuple[PaymentStatus, ...] = get_args(PaymentStatus)


def test_money_is_taken_after_a_hold_or_with_an_automatic_authorisation() -> None:
    assert [before for before in STATUSES if may_follow(before, "capturing")] == ["authorised"]
    assert [before for before in STATUSES if may_follow(before, "captured")] == [
        "authorising",
        "requires_action",
        "capturing",
    ]


@pytest.mark.parametrize("end", ["declined", "voided"])
def test_an_end_is_an_end(end: PaymentStatus) -> None:
    assert not any(may_follow(end, after) for after in STATUSES)
    assert settled(end)


def test_every_status_is_reached_and_every_open_one_is_left() -> None:
    reached = {after for before in STATUSES for after in STATUSES if may_follow(before, after)}
    assert reached == set(STATUSES) - {"authorising"}
    for status in STATUSES:
        assert settled(status) or any(may_follow(status, after) for after in STATUSES)


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [(1999, "EUR", 1999), (500, "JPY", 500), (500, "ISK", 50_000), (1500, "KWD", 1500)],
)
def test_minor_units_are_stripes(amount: int, currency: str, units: int) -> None:
    money = Money(amount=amount, currency=currency)
    assert to_stripe(money) == units
    assert from_stripe(units, currency.lower()) == money


def test_the_docs_draw_the_states_as_they_are() -> None:
    text = (Path(__file__).parents[3] / "docs/modules/payments.md").read_text()
    _, _, after = text.partition("compared by a test -->\n")
    assert after.partition("\n<!-- end of states -->")[0] == drawn()


def test_a_failed_refund_is_over_and_a_good_one_may_still_fail() -> None:
    assert refund_may_follow("succeeded", "failed")
    assert not refund_may_follow("failed", "succeeded")
    assert not refund_may_follow("succeeded", "pending")

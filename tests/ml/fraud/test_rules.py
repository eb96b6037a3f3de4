"""What makes a purchase suspicious, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.contracts.fraud import FraudCheck
from bodega.kernel.ids import CheckoutId, UserId, new_id
from bodega.kernel.money import Money
from bodega.ml.fraud.habits import Habits, Usual
from bodega.ml.fraud.rules import REFUSE, REVIEW, judge
from bodega.ml.fraud.velocity import Recent

ADA = UserId(new_id())
HABITS = Habits(
    shop={"GBP": Usual(500, 30_000)},
    customers={(ADA, "GBP"): Usual(5, 2_000, frozenset({"GB"}))},
)
ONCE = Recent(1, frozenset({"GB"}))


def check(pence: int, *, customer: UserId | None = None, country: str = "GB") -> FraudCheck:
    return FraudCheck(
        checkout_id=CheckoutId(new_id()),
        customer_id=customer,
        email_digest="digest",
        country=country,
        total=Money(amount=pence, currency="GBP"),
        units=1,
        lines=1,
    )


def test_an_ordinary_purchase_is_nobodys_business() -> None:
    for customer in (None, ADA):
        answer = judge(check(2_500, customer=customer), HABITS, ONCE, large=20_000)
        assert (answer.score, answer.decision, answer.reasons) == (0, "accept", [])


@pytest.mark.parametrize(
    ("purchases", "decision"), [(3, "accept"), (4, "accept"), (8, "review"), (20, "review")]
)
def test_many_purchases_in_an_hour_are_looked_at(purchases: int, decision: str) -> None:
    answer = judge(check(900), HABITS, Recent(purchases, ONCE.countries), large=20_000)
    assert answer.decision == decision


def test_a_customer_far_above_their_usual_is_looked_at() -> None:
    answer = judge(check(20_000, customer=ADA), HABITS, ONCE, large=20_000)
    assert answer.decision == "review"
    assert "10 times" in answer.reasons[0]


def test_a_dearer_purchase_to_a_new_country_is_looked_at() -> None:
    answer = judge(check(10_001, customer=ADA, country="BR"), HABITS, ONCE, large=20_000)
    assert answer.decision == "review"
    assert any("country" in reason for reason in answer.reasons)


def test_a_dear_purchase_of_a_guest_alone_goes_through() -> None:
    answer = judge(check(30_001), HABITS, ONCE, large=20_000)
    assert (answer.decision, len(answer.reasons)) == ("accept", 1)


def test_a_card_tester_who_moves_around_is_refused() -> None:
    busy = Recent(25, frozenset({"GB", "BR", "US"}))
    answer = judge(check(30_001), HABITS, busy, large=20_000)
    assert (answer.decision, len(answer.reasons)) == ("refuse", 3)


def test_an_empty_lake_leaves_what_we_were_told_is_large() -> None:
    assert judge(check(20_000), Habits(), ONCE, large=20_000).score == 0
    assert judge(check(20_001), Habits(), ONCE, large=20_000).score > 0


@given(
    pence=st.integers(0, 10**9),
    purchases=st.integers(1, 200),
    countries=st.frozensets(st.sampled_from(["GB", "BR", "US"]), min_size=1),
    known=st.booleans(),
)
def test_a_score_is_a_probability_and_its_decision_follows(
    pence: int, purchases: int, countries: frozenset[str], known: bool
) -> None:
    buyer = ADA if known else None
    answer = judge(check(pence, customer=buyer), HABITS, Recent(purchases, countries), large=1)
    assert 0 <= answer.score < 1
    assert (answer.decision == "accept") == (answer.score < REVIEW)
    assert (answer.decision == "refuse") == (answer.score >= REFUSE)
    assert bool(answer.reasons) == (answer.score > 0)

"""From what is known of a purchase to a score with reasons: pure rules.

Each rule that strikes gives the probability it would give alone; together they are combined as
independent evidence, 1 − ∏(1 − p) (noisy-or: Pearl, Probabilistic Reasoning, 1988, §4.3.2). The
figures are set by judgement, not learned; they are in one table so that they can be.
"""

from collections.abc import Iterator
from math import prod

from bodega.contracts.fraud import FraudCheck, FraudDecision, FraudScore
from bodega.ml.fraud import VERSION
from bodega.ml.fraud.habits import Habits
from bodega.ml.fraud.velocity import Recent

REVIEW = 0.5
REFUSE = 0.95
_VELOCITY = ((20, 0.85), (8, 0.6), (4, 0.3))
_TIMES_USUAL = ((10, 0.5), (5, 0.3))
_COUNT_UNKNOWN = 0.2
_LARGE = 0.25
_LARGE_GUEST = 0.4
_OTHER_COUNTRY = 0.3
_SEVERAL_COUNTRIES = 0.5
_ENOUGH_OF_SHOP = 100
_ENOUGH_OF_CUSTOMER = 3

Strike = tuple[float, str]


def judge(check: FraudCheck, habits: Habits, recent: Recent, *, large: int) -> FraudScore:
    """`large` (minor units) stands in for what is unusual while too few orders are published."""
    strikes = [*_often(recent), *_amount(check, habits, large), *_country(check, habits, recent)]
    score = round(1 - prod(1 - weight for weight, _ in strikes), 4)
    return FraudScore(
        score=score,
        decision=_decision(score),
        reasons=[reason for _, reason in sorted(strikes, reverse=True)],
        model=VERSION,
    )


def _decision(score: float) -> FraudDecision:
    if score >= REFUSE:
        return "refuse"
    return "review" if score >= REVIEW else "accept"


def _often(recent: Recent) -> Iterator[Strike]:
    if not recent.known:
        yield _COUNT_UNKNOWN, "How often this buyer came within the hour is not known"
    for least, weight in _VELOCITY:
        if recent.purchases >= least:
            yield weight, f"{recent.purchases} purchases by the same buyer within an hour"
            return


def _amount(check: FraudCheck, habits: Habits, large: int) -> Iterator[Strike]:
    shop = habits.shop.get(check.total.currency)
    known = shop is not None and shop.orders >= _ENOUGH_OF_SHOP
    if check.total.amount > (shop.amount if shop and known else large):
        guest = check.customer_id is None
        who = "a guest" if guest else "a customer"
        than = "99 of 100 orders here" if known else "what needs no look"
        yield (_LARGE_GUEST if guest else _LARGE), f"{who} spends more than {than}".capitalize()
    yield from _times_usual(check, habits)


def _times_usual(check: FraudCheck, habits: Habits) -> Iterator[Strike]:
    if check.customer_id is None:
        return
    usual = habits.customers.get((check.customer_id, check.total.currency))
    if usual is None or usual.orders < _ENOUGH_OF_CUSTOMER:
        return
    for times, weight in _TIMES_USUAL:
        if check.total.amount >= usual.amount * times:
            yield weight, f"At least {times} times what this customer usually spends"
            return


def _country(check: FraudCheck, habits: Habits, recent: Recent) -> Iterator[Strike]:
    if len(recent.countries) > 1:
        yield _SEVERAL_COUNTRIES, "To several countries within an hour"
    if check.customer_id is None:
        return
    usual = habits.customers.get((check.customer_id, check.total.currency))
    if usual and usual.countries and check.country not in usual.countries:
        yield _OTHER_COUNTRY, "To a country this customer never bought to before"

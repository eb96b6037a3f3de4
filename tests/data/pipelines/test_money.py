"""Discounts, taxes, refunds and fees reach gold to the cent; what does not add up stops there."""

from pathlib import Path
from typing import Any

import pytest

from bodega.data.lake.query import query
from tests.data.bronze import (
    Change,
    Source,
    booked,
    order,
    order_line,
    payment,
    payment_refund,
    return_line,
    returned,
)
from tests.data.conftest import Refresh

ORDER = """select total_amount, discount_amount, tax_amount, shipping_amount, credited_amount,
    refunded_amount, net_amount from gold.fct_orders"""
DAYS = "select date::varchar, gross_amount, returns_amount, net_amount from gold.mart_daily_sales"
PAYMENTS = "select status, amount_amount, refunded_amount, fee_amount from gold.fct_payments"


def gold(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return query(lake, f"{sql} order by 1").rows


def sale(**changes: Any) -> list[Change]:
    """Two at 10.00 less a tenth, the tax in the price; sent for 4.90."""
    cup = {"unit_price_amount": 1000, "discount_amount": 200, "tax_amount": 300}
    sent = {"unit_price_amount": 490, "discount_amount": None, "tax_amount": 82}
    taxed = {"tax_rate": "0.200000", "tax_included": True}
    return [
        order("o1", number=1, total=2290, refunded_amount=0, shipping_method="Standard"),
        order_line("l1", "o1", quantity=2, total=1800, **cup | taxed | changes),
        order_line("l2", "o1", kind="shipping", position=2, total=490, **sent | taxed),
    ]


def test_a_sale_partly_given_back_is_net_of_it_to_the_cent(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    clearing = booked("e1", "p1", kind="fee", fees=63, provider_clearing=-63)
    source.commit(*sale(), payment("p1", amount=2290), *clearing)
    source.flush()
    outcome = refreshed()
    assert outcome.state == "published", outcome.failures
    assert gold(lake, ORDER) == [(2290, 200, 382, 490, 0, 0, 2290)]
    assert gold(lake, PAYMENTS) == [("captured", 2290, 0, 63)]

    source.commit(
        returned("r1", total=500, order_id="o1"),
        return_line("b1", "r1", kind="adjustment", total=500),
        order("o1", number=1, total=2290, refunded_amount=500, op="u"),
        payment_refund("f1", "p1", amount=500),
        payment_refund("f2", "p1", amount=100, status="failed"),
    )
    source.flush()
    outcome = refreshed()
    assert outcome.state == "published", outcome.failures
    assert gold(lake, ORDER) == [(2290, 200, 382, 490, 500, 500, 1790)]
    assert gold(lake, PAYMENTS) == [("captured", 2290, 500, 63)]
    assert gold(lake, DAYS) == [("2026-02-03", 2290, 0, 2290), ("2026-02-05", 0, 500, -500)]


def test_a_tax_on_top_is_part_of_the_line(lake: Path, source: Source, refreshed: Refresh) -> None:
    taxed = {"tax_included": False, "tax_amount": 145, "discount_amount": None}
    source.commit(
        order("o1", number=1, total=2145),
        order_line("l1", "o1", quantity=2, total=2145, unit_price_amount=1000, **taxed),
    )
    source.flush()
    assert refreshed().state == "published"


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (sale(discount_amount=199), "a_line_is_price_by_quantity_less_discount_plus_tax"),
        (sale(tax_included=False), "a_line_is_price_by_quantity_less_discount_plus_tax"),
        (booked("e1", "p1", kind="fee", fees=63, provider_clearing=-62), "ledger_entries_balance"),
        (
            [payment("p1", amount=100), payment_refund("f1", "p1", amount=101)],
            "no_payment_gives_back_more_than_it_took",
        ),
    ],
    ids=["discount", "tax", "ledger", "refund"],
)
def test_money_that_does_not_add_up_reaches_no_reader(
    lake: Path, source: Source, refreshed: Refresh, wrong: list[Change], rule: str
) -> None:
    source.commit(*wrong)
    source.flush()
    outcome = refreshed()
    assert outcome.state == "blocked"
    assert rule in str(outcome.failures)

"""What the shop's own marts tell: books, campaigns, carts left behind; and what comes late."""

from pathlib import Path
from typing import Any

from bodega.data.lake.query import query
from tests.data.bronze import (
    Source,
    abandonment,
    booked,
    coupon,
    order,
    order_line,
    payment,
    promotion,
    redemption,
)
from tests.data.conftest import Refresh


def gold(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return query(lake, sql).rows


def test_books_campaigns_and_carts_left_behind_reach_gold_to_the_cent(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(
        promotion("ten"),
        promotion("idle"),
        coupon("TEN", "ten"),
        coupon("OLD", "idle", active=False),
    )
    source.commit(
        order("o1", number=1, total=900, checkout_id="c1"),
        order_line("l1", "o1", total=900, unit_price_amount=1000, discount_amount=100),
        redemption("r1", "ten", "c1", discount=100, coupon_code="TEN", customer_id="u1"),
        payment("p1", amount=900, checkout_id="c1"),
        *booked("e1", "p1", kind="sale", receivable=900, revenue=-750, tax=-150),
        *booked("e2", "p1", kind="capture", provider_clearing=900, receivable=-900),
        *booked("e3", "p1", kind="fee", fees=33, provider_clearing=-33),
    )
    source.commit(abandonment("k1", value=500, units=2), abandonment("k2", value=300))
    source.flush()
    first = refreshed()
    assert first.state == "published", first.failures
    figures = "revenue_amount, tax_amount, fees_amount, earned_amount, clearing_amount"
    assert gold(lake, f"select {figures} from gold.mart_daily_finance") == [
        (750, 150, 33, 717, 867)
    ]
    promotions = """select promotion_id, redemptions, released, discount_amount, sales_amount
        from gold.mart_promotions order by 1"""
    assert gold(lake, promotions) == [("idle", 0, 0, 0, 0), ("ten", 1, 0, 100, 900)]
    assert gold(lake, "select coupon_code, redemptions, accounts, is_active from gold.mart_coupons "
        "order by 1") == [("OLD", 0, 0, False), ("TEN", 1, 1, True)]  # fmt: skip
    carts = "select carts, units, value_amount, won_back, won_back_amount"
    assert gold(lake, f"{carts} from gold.mart_abandoned_carts") == [(2, 3, 800, 0, 0)]

    source.commit(
        redemption("r1", "ten", "c1", discount=100, op="u", released_at="2026-02-04T10:00:00Z"),
        abandonment("k1", value=500, units=2, op="u", ordered_at="2026-02-04T10:00:00Z"),
    )
    source.flush()
    assert refreshed().state == "published"
    assert gold(lake, promotions) == [("idle", 0, 0, 0, 0), ("ten", 0, 1, 0, 0)]
    assert gold(lake, f"{carts} from gold.mart_abandoned_carts") == [(2, 3, 800, 1, 500)]


def test_what_arrives_late_and_what_is_back_dated_change_the_days_they_belong_to_only(
    lake: Path, source: Source, refreshed: Refresh, warehouse_rows: Any
) -> None:
    for day in (1, 2, 3, 20):
        at = f"2026-02-{day:02}T10:00:00Z"
        source.commit(
            order(f"o{day}", number=day, total=250, at=at), order_line(f"l{day}", f"o{day}", at=at)
        )
    source.flush()
    refreshed()
    counted = """select day(date), net_amount, _batch from intermediate.int_daily_sales
        where not _removed order by 1"""
    before = {day: batch for day, _, batch in warehouse_rows(counted)}

    late = {"at": "2026-02-02T23:59:59Z", "known_at": "2026-03-01T08:00:00Z"}
    source.commit(order("o9", number=9, total=100, **late), order_line("l9", "o9", total=100))
    source.commit(order("o20", number=20, total=250, at="2026-02-03T10:00:00Z", op="u"))
    source.flush()
    outcome = refreshed()

    assert outcome.written["fct_order_lines"] == ["2026-02"]
    days = "select day(date), net_amount from gold.mart_daily_sales order by 1"
    assert gold(lake, days) == [(1, 250), (2, 350), (3, 500)]
    recounted = [day for day, _, batch in warehouse_rows(counted) if batch != before[day]]
    assert recounted == [2, 3]
    assert gold(lake, "select max(known_at)::date::varchar from gold.fct_orders") == [
        ("2026-03-01",)
    ]

"""Promotions as a quote needs them: those that apply by themselves, and those behind coupons."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.pricing.domain.promotions import Offer
from bodega.contracts.pricing import CouponRefusal
from bodega.kernel.ids import PromotionId, UserId

_COLUMNS = """
    p.id, p.title, p.kind, p.currency, p.percent, p.discount_amount, p.buy_quantity,
    p.get_quantity, p.min_subtotal_amount, p.max_discount_amount, p.categories, p.product_ids,
    p.exclusive, p.priority, p.total_limit, p.customer_limit, p.redeemed, p.starts_at, p.ends_at,
    CASE WHEN p.customer_limit IS NOT NULL THEN (
        SELECT count(*) FROM pricing.redemptions r
        WHERE r.promotion_id = p.id AND r.customer_id = CAST(:customer_id AS uuid)
          AND r.released_at IS NULL
    ) END AS by_customer
"""
_AUTOMATIC = f"""
    SELECT {_COLUMNS}, p.active, NULL AS code, NULL AS coupon_limit, 0 AS coupon_redeemed
    FROM pricing.promotions p
    WHERE p.automatic AND p.active
      AND (p.starts_at IS NULL OR p.starts_at <= :now) AND (p.ends_at IS NULL OR p.ends_at > :now)
"""  # noqa: S608 - columns are ours
_FIND_AUTOMATIC = text(_AUTOMATIC)
_FIND = text(
    f"""
    {_AUTOMATIC}
    UNION ALL
    SELECT {_COLUMNS}, p.active AND c.active, c.code, c.total_limit, c.redeemed
    FROM pricing.coupons c JOIN pricing.promotions p ON p.id = c.promotion_id
    WHERE c.code = ANY(:codes)
    """  # noqa: S608 - columns are ours
)
_LOCK = text("SELECT 1 FROM pricing.promotions WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")


class Found(NamedTuple):
    """Offers that may apply, and why the other coupons bring none."""

    offers: list[Offer]
    refused: dict[str, CouponRefusal]


async def find_offers(
    connection: AsyncConnection,
    *,
    codes: Sequence[str],
    customer_id: UserId | None,
    now: datetime,
) -> Found:
    """A coupon code no promotion knows is refused as unknown; so is one that is switched off."""
    given: dict[str, object] = {"codes": list(codes), "customer_id": customer_id, "now": now}
    known = await connection.execute(_FIND if codes else _FIND_AUTOMATIC, given)
    rows = {row.code or row.id: row for row in known}
    found = Found([], {})
    seen: set[PromotionId] = set()
    for row in rows.values():
        if row.code is None and _refusal(row, customer_id, now) is None:
            found.offers.append(_offer(row))
    for code in dict.fromkeys(codes):
        behind = rows.get(code)
        refusal = "unknown" if behind is None else _refusal(behind, customer_id, now)
        if behind is None or refusal is not None:
            found.refused[code] = refusal or "unknown"
        elif behind.id in seen:
            found.refused[code] = "not_stacking"
        else:
            seen.add(behind.id)
            found.offers.append(_offer(behind))
    return found


async def lock_promotions(connection: AsyncConnection, ids: Sequence[PromotionId]) -> None:
    """In the order of ids, as every other redemption does."""
    if ids:
        await connection.execute(_LOCK, {"ids": list(ids)})


def _refusal(row: Row[Any], customer_id: UserId | None, now: datetime) -> CouponRefusal | None:
    """A limit a customer can only be held against somebody who has signed in."""
    if not row.active:
        return "unknown"
    if row.starts_at is not None and now < row.starts_at:
        return "not_yet"
    if row.ends_at is not None and now >= row.ends_at:
        return "expired"
    if _reached(row.redeemed, row.total_limit) or _reached(row.coupon_redeemed, row.coupon_limit):
        return "used_up"
    if row.customer_limit is not None and customer_id is None:
        return "not_applicable"
    return "used_up" if _reached(row.by_customer, row.customer_limit) else None


def _reached(used: int, limit: int | None) -> bool:
    return limit is not None and used >= limit


def _offer(row: Row[Any]) -> Offer:
    limits = (row.total_limit, row.customer_limit, row.coupon_limit)
    return Offer(
        id=PromotionId(row.id),
        title=row.title,
        kind=row.kind,
        currency=row.currency,
        coupon=row.code,
        percent=row.percent or Decimal(0),
        amount=row.discount_amount or 0,
        buy=row.buy_quantity or 0,
        get=row.get_quantity or 0,
        min_subtotal=row.min_subtotal_amount,
        max_discount=row.max_discount_amount,
        categories=frozenset(row.categories),
        products=frozenset(row.product_ids),
        exclusive=row.exclusive,
        priority=row.priority,
        limited=any(limit is not None for limit in limits),
    )

"""Promotions counted against their limits, for one checkout each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.pricing.tables import coupons, promotions, redemptions
from bodega.contracts.pricing import AppliedPromotion
from bodega.kernel.ids import CheckoutId, UserId, new_id

_RELEASED = text(
    "UPDATE pricing.redemptions SET released_at = :now"
    " WHERE checkout_id = :checkout_id AND released_at IS NULL"
    " RETURNING promotion_id, coupon_code"
)
_LOCK = text(
    """SELECT 1 FROM pricing.promotions WHERE id IN (
           SELECT promotion_id FROM pricing.redemptions
           WHERE checkout_id = :checkout_id AND released_at IS NULL
       ) ORDER BY id FOR NO KEY UPDATE"""
)


async def count(
    connection: AsyncConnection,
    *,
    checkout_id: CheckoutId,
    customer_id: UserId | None,
    applied: Sequence[AppliedPromotion],
    now: datetime,
) -> None:
    """One redemption each. Only what has limits moves its counter, so that the others are no place
    where checkouts meet."""
    rows = [
        {
            "id": new_id(),
            "checkout_id": checkout_id,
            "promotion_id": item.promotion_id,
            "coupon_code": item.coupon,
            "customer_id": customer_id,
            "discount_amount": item.amount.amount,
            "discount_currency": item.amount.currency,
            "redeemed_at": now,
        }
        for item in applied
    ]
    if rows:
        await connection.execute(redemptions.insert(), rows)
    limited = [item for item in applied if item.limited]
    await _move(
        connection,
        [item.promotion_id for item in limited],
        [item.coupon for item in limited if item.coupon],
        by=1,
    )


async def give_back(connection: AsyncConnection, *, checkout_id: CheckoutId, now: datetime) -> None:
    """Undo `count`; nothing counted is no error."""
    await connection.execute(_LOCK, {"checkout_id": checkout_id})
    found = await connection.execute(_RELEASED, {"checkout_id": checkout_id, "now": now})
    back = found.all()
    codes = [row.coupon_code for row in back if row.coupon_code]
    await _move(connection, [row.promotion_id for row in back], codes, by=-1)


async def _move(
    connection: AsyncConnection, ids: Sequence[object], codes: Sequence[str], *, by: int
) -> None:
    """Counters of unlimited promotions stand at zero and stay there."""
    if ids:
        await connection.execute(
            update(promotions)
            .where(promotions.c.id.in_(ids), promotions.c.redeemed + by >= 0)
            .values(redeemed=promotions.c.redeemed + by)
        )
    if codes:
        await connection.execute(
            update(coupons)
            .where(coupons.c.code.in_(codes), coupons.c.redeemed + by >= 0)
            .values(redeemed=coupons.c.redeemed + by)
        )

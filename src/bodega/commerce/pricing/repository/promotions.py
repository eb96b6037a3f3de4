"""Promotions and coupons as staff see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.pricing.tables import coupons, promotions, redemptions
from bodega.contracts.promotions import CouponView, PromotionView
from bodega.kernel.ids import PromotionId


def _shown() -> Select[Any]:
    """Promotions with what came of them."""
    came = (
        select(
            func.count().label("uses"),
            func.coalesce(func.sum(redemptions.c.discount_amount), 0).label("given"),
        )
        .where(redemptions.c.promotion_id == promotions.c.id, redemptions.c.released_at.is_(None))
        .lateral()
    )
    return select(promotions, came.c.uses, came.c.given).join_from(promotions, came, true())


async def insert_promotion(connection: AsyncConnection, values: Mapping[str, Any]) -> PromotionView:
    statement = promotions.insert().values(**values).returning(promotions)
    row = (await connection.execute(statement)).one()
    return PromotionView.model_validate(row._mapping)


async def find_promotion(
    connection: AsyncConnection, promotion_id: PromotionId, *, lock: bool = False
) -> PromotionView | None:
    query = _shown().where(promotions.c.id == promotion_id)
    locked = query.with_for_update(key_share=True, of=promotions)
    row = (await connection.execute(locked if lock else query)).first()
    return PromotionView.model_validate(row._mapping) if row else None


async def list_promotions(
    connection: AsyncConnection, *, limit: int, after: tuple[datetime, UUID] | None
) -> list[tuple[PromotionView, datetime]]:
    """Newest first, each with its instant for the cursor."""
    query = _shown().order_by(promotions.c.occurred_at.desc(), promotions.c.id.desc())
    if after is not None:
        query = query.where(tuple_(promotions.c.occurred_at, promotions.c.id) < tuple_(*after))
    rows = await connection.execute(query.limit(limit))
    return [(PromotionView.model_validate(row._mapping), row.occurred_at) for row in rows]


async def change_promotion(
    connection: AsyncConnection, promotion_id: PromotionId, changes: Mapping[str, Any]
) -> PromotionView:
    """Counters are taken anew: they stood still while there was nothing to count against."""
    live = (
        select(func.count())
        .select_from(redemptions)
        .where(redemptions.c.promotion_id == promotion_id, redemptions.c.released_at.is_(None))
        .scalar_subquery()
    )
    statement = (
        update(promotions)
        .where(promotions.c.id == promotion_id)
        .values(**changes, redeemed=live, known_at=func.now())
    )
    await connection.execute(statement)
    found = await find_promotion(connection, promotion_id)
    assert found is not None
    return found


async def insert_coupons(
    connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]
) -> list[CouponView]:
    """Those whose code was free."""
    statement = insert(coupons).values(list(rows)).on_conflict_do_nothing().returning(coupons)
    found = await connection.execute(statement)
    return [CouponView.model_validate(row._mapping) for row in found]


async def list_coupons(
    connection: AsyncConnection, promotion_id: PromotionId, *, limit: int, after: str
) -> list[CouponView]:
    """By code."""
    query = (
        select(coupons)
        .where(coupons.c.promotion_id == promotion_id, coupons.c.code > after)
        .order_by(coupons.c.code)
        .limit(limit)
    )
    return [CouponView.model_validate(row._mapping) for row in await connection.execute(query)]


async def change_coupon(
    connection: AsyncConnection, code: str, *, active: bool
) -> CouponView | None:
    statement = (
        update(coupons).where(coupons.c.code == code).values(active=active).returning(coupons)
    )
    row = (await connection.execute(statement)).first()
    return CouponView.model_validate(row._mapping) if row else None

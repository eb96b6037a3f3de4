"""Every query of reviews."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.reviews.tables import reviews
from bodega.contracts.reviews import RatingSummary, ReviewView
from bodega.kernel.ids import ProductId, ReviewId

_PUBLISHED = reviews.c.status == "published"


def _view(row: Row[Any]) -> ReviewView:
    return ReviewView(
        id=row.id,
        product_id=row.product_id,
        rating=row.rating,
        title=row.title,
        body=row.body,
        posted_at=row.occurred_at,
    )


async def insert_review(
    connection: AsyncConnection, values: Mapping[str, Any]
) -> ReviewView | None:
    """None when the customer has reviewed the product before."""
    statement = insert(reviews).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=["product_id", "customer_id"])
    row = (await connection.execute(statement.returning(*reviews.c))).first()
    return _view(row) if row else None


async def find_reviews(
    connection: AsyncConnection,
    product_id: ProductId,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> list[ReviewView]:
    """Published reviews, newest first."""
    query = (
        select(reviews)
        .where(reviews.c.product_id == product_id, _PUBLISHED)
        .order_by(reviews.c.occurred_at.desc(), reviews.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(reviews.c.occurred_at, reviews.c.id) < tuple_(*after))
    return [_view(row) for row in await connection.execute(query)]


async def summarise(connection: AsyncConnection, product_id: ProductId) -> RatingSummary:
    query = select(func.count().label("count"), func.avg(reviews.c.rating).label("average")).where(
        reviews.c.product_id == product_id, _PUBLISHED
    )
    row: Any = (await connection.execute(query)).one()
    average = float(row.average) if row.average is not None else None
    return RatingSummary(count=row[0], average=average)


async def set_status(
    connection: AsyncConnection, review_id: ReviewId, status: str
) -> ReviewView | None:
    statement = update(reviews).where(reviews.c.id == review_id)
    statement = statement.values(status=status, known_at=func.now())
    row = (await connection.execute(statement.returning(*reviews.c))).first()
    return _view(row) if row else None

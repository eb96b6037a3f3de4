"""Use cases of reviews."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.reviews import repository
from bodega.commerce.reviews.domain import rounded
from bodega.commerce.reviews.errors import (
    NotBought,
    ProductUnknown,
    ReviewedBefore,
    ReviewNotFound,
)
from bodega.commerce.reviews.schemas import NewReview, ReviewChange
from bodega.contracts.catalog import Catalog
from bodega.contracts.orders import Orders
from bodega.contracts.reviews import RatingSummary, ReviewPosted, ReviewView
from bodega.kernel.ids import ProductId, ReviewId, UserId, new_id
from bodega.kernel.page import Page, PageRequest, encode_cursor


async def post_review(
    uow: UnitOfWork,
    *,
    catalog: Catalog,
    orders: Orders,
    customer_id: UserId,
    product_id: ProductId,
    new: NewReview,
) -> ReviewView:
    """Raises ProductUnknown, NotBought, ReviewedBefore."""
    if not await catalog.products_by_id([product_id]):
        raise ProductUnknown
    if not await orders.bought(customer_id=customer_id, product_id=product_id):
        raise NotBought
    row = new.model_dump() | {"id": new_id(), "status": "published"}
    row |= {"product_id": product_id, "customer_id": customer_id}
    review = await repository.insert_review(uow.connection, row)
    if review is None:
        raise ReviewedBefore
    uow.emit(ReviewPosted(review_id=review.id, product_id=product_id, rating=new.rating))
    return review


async def change_review(
    uow: UnitOfWork, *, review_id: ReviewId, change: ReviewChange
) -> ReviewView:
    """Raises ReviewNotFound."""
    review = await repository.set_status(uow.connection, review_id, change.status)
    if review is None:
        raise ReviewNotFound
    return review


class ReviewService:
    """Answers `bodega.contracts.reviews.Reviews`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def reviews(self, product_id: ProductId, page: PageRequest) -> Page[ReviewView]:
        async with self._database.reading() as connection:
            found = await repository.find_reviews(
                connection, product_id, limit=page.limit + 1, after=page.after_instant()
            )
        shown, more = found[: page.limit], len(found) > page.limit
        cursor = encode_cursor(shown[-1].posted_at.isoformat(), shown[-1].id) if more else None
        return Page(items=shown, next_cursor=cursor)

    async def summary(self, product_id: ProductId) -> RatingSummary:
        async with self._database.reading() as connection:
            found = await repository.summarise(connection, product_id)
        return RatingSummary(count=found.count, average=rounded(found.average))

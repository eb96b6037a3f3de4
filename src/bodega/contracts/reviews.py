"""What buyers say of products."""

from datetime import datetime
from typing import Annotated, ClassVar, Protocol

from pydantic import BaseModel, Field

from bodega.kernel.events import Event
from bodega.kernel.ids import ProductId, ReviewId
from bodega.kernel.page import Page, PageRequest

Rating = Annotated[int, Field(strict=True, ge=1, le=5)]


class ReviewView(BaseModel):
    id: ReviewId
    product_id: ProductId
    rating: Rating
    title: str
    body: str
    posted_at: datetime


class RatingSummary(BaseModel):
    """`average` is None while there are no reviews."""

    count: int
    average: float | None


class ReviewPosted(Event):
    type: ClassVar[str] = "reviews.review_posted"
    review_id: ReviewId
    product_id: ProductId
    rating: int

    @property
    def key(self) -> ProductId:
        return self.product_id


class Reviews(Protocol):
    """Only buyers review, once a product."""

    async def reviews(self, product_id: ProductId, page: PageRequest) -> Page[ReviewView]:
        """Published reviews, newest first."""

    async def summary(self, product_id: ProductId) -> RatingSummary: ...

"""HTTP of reviews."""

from typing import Annotated

from fastapi import APIRouter, status

from bodega.backbone.http.deps import Anyone, PageQuery, SignedIn, Staff, Work, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.reviews import service
from bodega.commerce.reviews.errors import NotBought
from bodega.commerce.reviews.schemas import NewReview, ReviewChange
from bodega.contracts.catalog import Catalog
from bodega.contracts.orders import Orders
from bodega.contracts.reviews import RatingSummary, Reviews, ReviewView
from bodega.kernel.ids import ProductId, ReviewId, UserId
from bodega.kernel.page import Page

router = api_router("reviews", "/products/{product_id}/reviews")
staff = admin_router("reviews", "/reviews")

Opinions = Annotated[Reviews, provided(Reviews)]
Products = Annotated[Catalog, provided(Catalog)]
Purchases = Annotated[Orders, provided(Orders)]


@router.get("")
async def list_reviews(
    who: Anyone, reviews: Opinions, product_id: ProductId, page: PageQuery
) -> Page[ReviewView]:
    """Published reviews, newest first."""
    return await reviews.reviews(product_id, page)


@router.get("/summary")
async def get_summary(who: Anyone, reviews: Opinions, product_id: ProductId) -> RatingSummary:
    return await reviews.summary(product_id)


@router.post("", status_code=status.HTTP_201_CREATED)
async def post_review(
    *,
    who: SignedIn,
    uow: Work,
    products: Products,
    purchases: Purchases,
    product_id: ProductId,
    new: NewReview,
) -> ReviewView:
    """Review what you bought, once."""
    if who.id is None:
        raise NotBought
    return await service.post_review(
        uow,
        catalog=products,
        orders=purchases,
        customer_id=UserId(who.id),
        product_id=product_id,
        new=new,
    )


@staff.patch("/{review_id}")
async def change_review(
    who: Staff, uow: Work, review_id: ReviewId, change: ReviewChange
) -> ReviewView:
    """Hide a review, or show it again."""
    return await service.change_review(uow, review_id=review_id, change=change)


ROUTERS: list[APIRouter] = [router, staff]

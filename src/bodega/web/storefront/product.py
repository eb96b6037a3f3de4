"""A product's page, and putting it into the cart from there."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.cart import Carts
from bodega.contracts.catalog import Catalog, ProductView
from bodega.contracts.inventory import Inventory
from bodega.contracts.recommend import Recommendations, Recommender
from bodega.contracts.reviews import Reviews
from bodega.kernel.errors import BodegaError, Conflict, NotFound, Rejected
from bodega.kernel.ids import VariantId
from bodega.kernel.page import PageRequest
from bodega.web.access import Visitor
from bodega.web.forms import Posted, PostedForm
from bodega.web.pages import redirect, render
from bodega.web.storefront.basket import keep_cart, put_in

SUGGESTIONS = 4
REVIEWS = 5
_HEADINGS = {"model": "People also bought", "popularity": "Popular right now"}
_NEWEST = "New on the shelf"
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Counter:
    """Everyone a product page asks."""

    products: Annotated[Catalog, provided(Catalog)]
    stock: Annotated[Inventory, provided(Inventory)]
    reviews: Annotated[Reviews, provided(Reviews)]
    recommender: Annotated[Recommender, provided(Recommender)]
    carts: Annotated[Carts, provided(Carts)]


@dataclass(frozen=True, slots=True)
class Suggestions:
    heading: str
    items: list[ProductView]


Asked = Annotated[Counter, Depends(Counter)]


@router.get("/products/{slug}")
async def product(request: Request, who: Visitor, counter: Asked, slug: str) -> Response:
    return await _page(request, counter, await _known(counter.products, slug))


@router.post("/products/{slug}/cart")
async def add_to_cart(
    request: Request, who: Visitor, form: Posted, counter: Asked, slug: str
) -> Response:
    """Into the visitor's cart, which is opened with the first thing that goes in."""
    known = await _known(counter.products, slug)
    try:
        cart = await put_in(
            request,
            who,
            form,
            counter.carts,
            variant_id=VariantId(form.uuid("variant_id")),
            quantity=_wanted(form),
        )
    except (Rejected, Conflict) as error:
        return await _page(request, counter, known, refused=error)
    response = redirect(request, "/cart", flash="added")
    keep_cart(request, response, cart)
    return response


def _wanted(form: PostedForm) -> int:
    quantity = form.number("quantity")
    if quantity < 1:
        raise Rejected("Choose one unit or more")
    return quantity


async def _known(products: Catalog, slug: str) -> ProductView:
    found = await products.product(slug)
    if found is None or found.status != "active":
        raise NotFound(f"There is no product {slug!r}")
    return found


async def _page(
    request: Request, counter: Counter, shown: ProductView, *, refused: BodegaError | None = None
) -> Response:
    settings: Settings = request.app.state.settings
    left, summary, latest, suggestions = await asyncio.gather(
        counter.stock.shown([variant.id for variant in shown.variants]),
        counter.reviews.summary(shown.id),
        counter.reviews.reviews(shown.id, PageRequest(limit=REVIEWS)),
        _suggest(counter, shown, seconds=settings.recommend_timeout_seconds),
    )
    return render(
        request,
        "storefront/product.html",
        status=refused.status if refused else 200,
        product=shown,
        variants=[variant for variant in shown.variants if variant.status == "active"],
        left=left,
        summary=summary,
        reviews=latest.items,
        suggestions=suggestions,
        refused=refused,
    )


async def _suggest(counter: Counter, shown: ProductView, *, seconds: float) -> Suggestions:
    """The model's answer in time, else best sellers, else what is new: a page never waits."""
    try:
        answer = await asyncio.wait_for(_answer(counter.recommender, shown), seconds)
    except (BodegaError, TimeoutError):
        return await _newest(counter.products, shown)
    items = await counter.products.products_by_id(answer.product_ids)
    heading = _HEADINGS.get(answer.source, _NEWEST)
    items = [item for item in items if item.id != shown.id][:SUGGESTIONS]
    return Suggestions(heading, items) if items else await _newest(counter.products, shown)


async def _answer(recommender: Recommender, shown: ProductView) -> Recommendations:
    bought = await recommender.also_bought(product_id=shown.id, limit=SUGGESTIONS)
    if bought.product_ids:
        return bought
    return await recommender.popular(limit=SUGGESTIONS, exclude=[shown.id])


async def _newest(products: Catalog, shown: ProductView) -> Suggestions:
    page = await products.products(PageRequest(limit=SUGGESTIONS + 1))
    items = [item for item in page.items if item.id != shown.id]
    return Suggestions(_NEWEST, items[:SUGGESTIONS])

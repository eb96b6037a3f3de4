"""HTTP of search."""

from typing import Annotated

from fastapi import APIRouter, Query

from bodega.backbone.http.deps import Anyone, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.search.domain import MAX_QUERY
from bodega.contracts.catalog import Catalog, ProductView
from bodega.contracts.search import Search
from bodega.kernel.page import MAX_PAGE, Page

router = api_router("search", "/search")

Finder = Annotated[Search, provided(Search)]
Products = Annotated[Catalog, provided(Catalog)]


@router.get("")
async def search(
    who: Anyone,
    finder: Finder,
    products: Products,
    q: Annotated[str, Query(max_length=MAX_QUERY)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
) -> Page[ProductView]:
    """Active products that match, best first; forgives typing mistakes."""
    hits = await finder.find(q, limit=limit)
    return Page(items=await products.products_by_id([hit.product_id for hit in hits]))


ROUTERS: list[APIRouter] = [router]

"""The shelf: newest products, one category, or what a search found."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.catalog import Catalog, ProductView
from bodega.contracts.inventory import Inventory
from bodega.contracts.search import Search
from bodega.kernel.errors import Unavailable
from bodega.kernel.page import PageRequest
from bodega.web.access import Visitor
from bodega.web.pages import render

PAGE = 24
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Aisle:
    """Everyone the list asks."""

    products: Annotated[Catalog, provided(Catalog)]
    stock: Annotated[Inventory, provided(Inventory)]
    finder: Annotated[Search, provided(Search)]


class Wanted(BaseModel):
    """What the address asks for."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    category: Annotated[str | None, Field(max_length=200)] = None
    cursor: Annotated[str | None, Field(max_length=500)] = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """`next_address` is None on the last page; `resting` when the search did not answer."""

    items: list[ProductView]
    next_address: str | None = None
    resting: bool = False


@router.get("/")
async def shelf(
    request: Request,
    who: Visitor,
    aisle: Annotated[Aisle, Depends(Aisle)],
    wanted: Annotated[Wanted, Query()],
) -> Response:
    """Products with a search box, categories and cursor pages."""
    shown = _found(aisle, wanted.q) if wanted.q else _listed(aisle.products, wanted)
    found, categories = await asyncio.gather(shown, aisle.products.categories())
    return render(
        request,
        "storefront/list.html",
        shelf=found,
        sold_out=await _sold_out(aisle.stock, found.items),
        categories=categories,
        category=wanted.category,
        query=wanted.q,
        first_page=wanted.cursor is None,
    )


async def _listed(products: Catalog, wanted: Wanted) -> Shelf:
    asked = PageRequest(limit=PAGE, cursor=wanted.cursor)
    page = await products.products(asked, category=wanted.category)
    if page.next_cursor is None:
        return Shelf(page.items)
    kept = {"category": wanted.category} if wanted.category else {}
    return Shelf(page.items, f"/?{urlencode({**kept, 'cursor': page.next_cursor})}")


async def _found(aisle: Aisle, query: str) -> Shelf:
    try:
        hits = await aisle.finder.find(query, limit=PAGE)
    except Unavailable:
        return Shelf([], resting=True)
    return Shelf(await aisle.products.products_by_id([hit.product_id for hit in hits]))


async def _sold_out(stock: Inventory, items: list[ProductView]) -> set[str]:
    """Slugs of products of which no variant can be had now."""
    left = await stock.shown([variant.id for item in items for variant in item.variants])
    return {
        item.slug
        for item in items
        if not any(left[variant.id].available > 0 for variant in item.variants)
    }

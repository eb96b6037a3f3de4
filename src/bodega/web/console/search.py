"""One box for the whole console: orders, customers, variants and rooms."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.contracts.identity import Identity, UserView
from bodega.contracts.orders import Orders, OrderSearch, OrderView
from bodega.contracts.search import Search
from bodega.kernel.errors import Unavailable
from bodega.kernel.page import PageRequest
from bodega.web.access import ConsoleStaff
from bodega.web.pages import redirect, render
from bodega.web.rooms import rooms_like

router = APIRouter(prefix="/console/search", include_in_schema=False)
SHOWN = PageRequest(limit=8)


@dataclass(frozen=True, slots=True)
class Everyone:
    """Whom the search asks."""

    orders: Annotated[Orders, provided(Orders)]
    people: Annotated[Identity, provided(Identity)]
    goods: Annotated[Catalog, provided(Catalog)]
    finder: Annotated[Search, provided(Search)]


@router.get("")
async def search(
    request: Request,
    who: ConsoleStaff,
    everyone: Annotated[Everyone, Depends(Everyone)],
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """An order's number leads straight to the order."""
    wanted = q.strip()
    if not wanted:
        return redirect(request, "/console")
    orders, people, goods = await asyncio.gather(
        _orders(everyone, wanted), _people(everyone, wanted), _goods(everyone, wanted)
    )
    named = next((order for order in orders if str(order.number) == wanted), None)
    if named and not any(item.sku == wanted for item in goods):
        return redirect(request, f"/console/orders/{named.id}")
    return render(
        request,
        "console/search.html",
        query=wanted,
        orders=orders,
        people=people,
        goods=goods,
        rooms=rooms_like(wanted),
    )


async def _orders(everyone: Everyone, wanted: str) -> list[OrderView]:
    return (await everyone.orders.search(SHOWN, OrderSearch(q=wanted))).items


async def _people(everyone: Everyone, wanted: str) -> list[UserView]:
    return (await everyone.people.users(SHOWN, q=wanted)).items


async def _goods(everyone: Everyone, wanted: str) -> list[SellableVariant]:
    """The variant of that SKU, else what the shop's own search finds."""
    known = await everyone.goods.by_sku([wanted, wanted.upper()])
    if known:
        return list(known.values())
    try:
        hits = await everyone.finder.find(wanted, limit=SHOWN.limit)
    except Unavailable:
        return []
    found = await everyone.goods.products_by_id([hit.product_id for hit in hits])
    ids = [variant.id for item in found for variant in item.variants]
    return list((await everyone.goods.sellable(ids)).values())[: SHOWN.limit]

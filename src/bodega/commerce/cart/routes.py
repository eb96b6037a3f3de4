"""HTTP of the cart."""

from typing import Annotated

from fastapi import APIRouter, Header, Response, status

from bodega.backbone.http.deps import Anyone, Work, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.cart import service
from bodega.commerce.cart.domain import Line, etag
from bodega.commerce.cart.errors import CartNotFound
from bodega.commerce.cart.schemas import LineChange
from bodega.commerce.cart.service import Shelves
from bodega.contracts.cart import Carts, CartView
from bodega.kernel.ids import CartId, UserId, VariantId
from bodega.kernel.principal import Principal

router = api_router("cart", "/carts")

Baskets = Annotated[Carts, provided(Carts)]
Goods = Annotated[Shelves, provided(Shelves)]
IfMatch = Annotated[str | None, Header(max_length=500)]


@router.post("", status_code=status.HTTP_201_CREATED)
async def open_cart(who: Anyone, uow: Work, goods: Goods, response: Response) -> CartView:
    """A new cart, or the customer's open one. A guest's cart is open to whoever knows its id."""
    return _tagged(response, await service.open_cart(uow, goods, customer_id=_customer(who)))


@router.get("/{cart_id}")
async def get_cart(who: Anyone, carts: Baskets, cart_id: CartId, response: Response) -> CartView:
    """The cart with today's prices and stock."""
    view = await carts.cart(cart_id, customer_id=_customer(who))
    if view is None:
        raise CartNotFound
    return _tagged(response, view)


@router.put("/{cart_id}/lines/{variant_id}")
async def set_line(
    *,
    who: Anyone,
    uow: Work,
    goods: Goods,
    cart_id: CartId,
    variant_id: VariantId,
    change: LineChange,
    response: Response,
    if_match: IfMatch = None,
) -> CartView:
    """Set a line's quantity; 0 removes it."""
    view = await service.set_line(
        uow,
        goods,
        cart_id=cart_id,
        customer_id=_customer(who),
        line=Line(variant_id, change.quantity),
        if_match=if_match,
    )
    return _tagged(response, view)


@router.delete("/{cart_id}/lines/{variant_id}")
async def remove_line(
    *,
    who: Anyone,
    uow: Work,
    goods: Goods,
    cart_id: CartId,
    variant_id: VariantId,
    response: Response,
    if_match: IfMatch = None,
) -> CartView:
    """Remove a line; one that is not there is no error."""
    view = await service.set_line(
        uow,
        goods,
        cart_id=cart_id,
        customer_id=_customer(who),
        line=Line(variant_id, 0),
        if_match=if_match,
    )
    return _tagged(response, view)


def _customer(who: Principal) -> UserId | None:
    return UserId(who.id) if who.id else None


def _tagged(response: Response, view: CartView) -> CartView:
    response.headers["etag"] = etag(view.version)
    return view


ROUTERS: list[APIRouter] = [router]

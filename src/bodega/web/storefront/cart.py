"""The cart's page: quantities, what is no longer to be had, and the way to checkout."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.cart import Carts, CartView
from bodega.kernel.errors import BodegaError, Conflict, NotFound, Rejected
from bodega.kernel.ids import VariantId
from bodega.kernel.principal import Principal
from bodega.web.access import Visitor
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront.basket import (
    cart_id_of,
    cart_of,
    customer_id_of,
    forget_cart,
    keep_cart,
)

router = APIRouter(include_in_schema=False)
Baskets = Annotated[Carts, provided(Carts)]


@router.get("/cart")
async def show_cart(request: Request, who: Visitor, carts: Baskets) -> Response:
    return await _page(request, who, carts)


@router.post("/cart/lines/{variant_id}")
async def set_line(
    request: Request, who: Visitor, form: Posted, carts: Baskets, variant_id: VariantId
) -> Response:
    """Another quantity; zero takes the line out."""
    cart_id = cart_id_of(request)
    if cart_id is None:
        return redirect(request, "/cart")
    try:
        quantity = max(0, form.number("quantity"))
        cart = await carts.set_line(
            command_id=form.command_id(f"set {variant_id} in {cart_id}"),
            cart_id=cart_id,
            customer_id=customer_id_of(who),
            variant_id=variant_id,
            quantity=quantity,
        )
    except (Rejected, Conflict, NotFound) as error:
        return await _page(request, who, carts, refused=error)
    response = redirect(request, "/cart", flash="updated" if quantity else "removed")
    keep_cart(request, response, cart)
    return response


async def _page(
    request: Request, who: Principal, carts: Carts, *, refused: BodegaError | None = None
) -> Response:
    cart: CartView | None = await cart_of(request, who, carts)
    request.state.cart_units = cart.units if cart else 0
    response = render(
        request,
        "storefront/cart.html",
        status=refused.status if refused else 200,
        cart=cart,
        refused=refused,
    )
    if cart is not None:
        keep_cart(request, response, cart)
    elif cart_id_of(request) is not None:
        forget_cart(request, response)
    return response

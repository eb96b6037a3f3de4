"""The cart's page: quantities, what changed, things put aside, codes, and the way to checkout.

Every form but "add to cart" carries the version it was shown with: what another tab did meanwhile
is shown, never overwritten.
"""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.cart import (
    MAX_NOTE,
    Acknowledge,
    AddCoupon,
    CartChange,
    Carts,
    CartView,
    DropCoupon,
    SaveLine,
    SetLine,
    SetNote,
)
from bodega.kernel.errors import BodegaError, Conflict, NotFound, Rejected, Stale, TooMany
from bodega.kernel.ids import VariantId
from bodega.kernel.principal import Principal
from bodega.web.access import Visitor
from bodega.web.forms import FormMangled, Posted, PostedForm
from bodega.web.pages import redirect, render
from bodega.web.storefront.basket import (
    cart_id_of,
    cart_of,
    customer_id_of,
    forget_cart,
    keep_cart,
)

COUPON_WORDS = {
    "not_yet": "Not valid yet.",
    "expired": "Has expired.",
    "used_up": "Has been used up.",
    "not_applicable": "Does not apply to what is in your cart.",
    "not_stacking": "Does not go together with your other discount.",
    "unknown": "Is not known.",
}
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
    quantity = max(0, form.number("quantity"))
    change = SetLine(variant_id=variant_id, quantity=quantity)
    flash = "updated" if quantity else "removed"
    return await _changed(request, who, form, carts, change, flash=flash)


@router.post("/cart/lines/{variant_id}/saved")
async def save_line(
    request: Request, who: Visitor, form: Posted, carts: Baskets, variant_id: VariantId
) -> Response:
    """Put aside for later, or back into the cart."""
    saved = form.text("saved") == "yes"
    change = SaveLine(variant_id=variant_id, saved=saved)
    return await _changed(request, who, form, carts, change, flash="saved" if saved else "back")


@router.post("/cart/note")
async def set_note(request: Request, who: Visitor, form: Posted, carts: Baskets) -> Response:
    try:
        change = SetNote(note=form.text("note"))
    except ValidationError:
        refused = Rejected(f"A note has {MAX_NOTE} characters at most")
        return await _page(request, who, carts, refused=refused)
    return await _changed(request, who, form, carts, change, flash="noted")


@router.post("/cart/coupons")
async def add_coupon(request: Request, who: Visitor, form: Posted, carts: Baskets) -> Response:
    change = AddCoupon(code=form.text("code"))
    return await _changed(request, who, form, carts, change, flash="coupon")


@router.post("/cart/coupons/remove")
async def remove_coupon(request: Request, who: Visitor, form: Posted, carts: Baskets) -> Response:
    change = DropCoupon(code=form.text("code"))
    return await _changed(request, who, form, carts, change, flash="coupon-gone")


@router.post("/cart/acknowledgements")
async def acknowledge(request: Request, who: Visitor, form: Posted, carts: Baskets) -> Response:
    """Today's prices have been seen."""
    return await _changed(request, who, form, carts, Acknowledge(), flash="seen")


async def _changed(
    request: Request,
    who: Principal,
    form: PostedForm,
    carts: Carts,
    change: CartChange,
    *,
    flash: str,
) -> Response:
    cart_id = cart_id_of(request)
    if cart_id is None:
        return redirect(request, "/cart")
    try:
        cart = await carts.change(
            command_id=form.command_id(f"{change.kind} in {cart_id}"),
            cart_id=cart_id,
            customer_id=customer_id_of(who),
            change=change,
            version=form.number("version"),
            client=request.client.host if request.client else None,
        )
    except FormMangled:
        raise
    except (Rejected, Conflict, NotFound, Stale, TooMany) as error:
        return await _page(request, who, carts, refused=error, typed=form.text("code"))
    response = redirect(request, "/cart", flash=flash)
    keep_cart(request, response, cart)
    return response


async def _page(
    request: Request,
    who: Principal,
    carts: Carts,
    *,
    refused: BodegaError | None = None,
    typed: str = "",
) -> Response:
    cart: CartView | None = await cart_of(request, who, carts)
    request.state.cart_units = cart.units if cart else 0
    response = render(
        request,
        "storefront/cart.html",
        status=refused.status if refused else 200,
        cart=cart,
        refused=refused,
        moved=isinstance(refused, Stale),
        typed=typed,
        max_note=MAX_NOTE,
        coupon_words=COUPON_WORDS,
    )
    if cart is not None:
        keep_cart(request, response, cart)
    elif cart_id_of(request) is not None:
        forget_cart(request, response)
    return response

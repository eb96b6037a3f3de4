"""Which cart is the visitor's: its id lives in a cookie, and signing in claims it."""

from contextlib import suppress
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from bodega.contracts.cart import Carts, CartView
from bodega.kernel.errors import BodegaError, Conflict, NotFound
from bodega.kernel.ids import CartId, CommandId, UserId, VariantId, derived_id, new_id
from bodega.kernel.principal import Principal
from bodega.web.cookies import CART_DAYS, DAY, drop_cookie, put_cookie, read_cookie
from bodega.web.forms import PostedForm
from bodega.web.pages import remember_units

_FOLLOWED = 5


def cart_id_of(request: Request) -> CartId | None:
    try:
        return CartId(UUID(read_cookie(request, "cart") or ""))
    except ValueError:
        return None


def customer_id_of(who: Principal) -> UserId | None:
    return UserId(who.id) if who.id else None


async def cart_of(request: Request, who: Principal, carts: Carts) -> CartView | None:
    """The visitor's open cart; None while there is none. A cart that was ordered or merged leads
    to the one that holds what was left over."""
    cart_id = cart_id_of(request)
    for _ in range(_FOLLOWED):
        if cart_id is None:
            return None
        cart = await carts.cart(cart_id, customer_id=customer_id_of(who))
        if cart is None or cart.status == "open":
            return cart
        cart_id = cart.next_cart_id
    return None


def keep_cart(request: Request, response: Response, cart: CartView) -> None:
    put_cookie(request, response, "cart", str(cart.id), seconds=CART_DAYS * DAY)
    remember_units(request, response, cart.units)


def forget_cart(request: Request, response: Response) -> None:
    drop_cookie(request, response, "cart")
    drop_cookie(request, response, "units")


async def put_in(
    request: Request,
    who: Principal,
    form: PostedForm,
    carts: Carts,
    *,
    variant_id: VariantId,
    quantity: int,
) -> CartView:
    """Add to the visitor's cart; a cart that is gone or ordered makes room for the next one."""
    customer_id = customer_id_of(who)

    async def put(cart_id: CartId) -> CartView:
        return await carts.set_line(
            command_id=form.command_id(f"add to {cart_id}"),
            cart_id=cart_id,
            customer_id=customer_id,
            variant_id=variant_id,
            quantity=quantity,
            add=True,
        )

    known = cart_id_of(request)
    if known is not None:
        with suppress(NotFound, Conflict):
            return await put(known)
        left = await cart_of(request, who, carts)
        if left is not None:
            return await put(left.id)
    opened = await carts.open(command_id=form.command_id("open"), customer_id=customer_id)
    return await put(opened.id)


async def bring_cart(
    request: Request, response: Response, carts: Carts, *, customer_id: UserId
) -> None:
    """After signing in: the guest's cart becomes the customer's, else the customer's is found."""
    command, guest_cart = new_id(), cart_id_of(request)
    try:
        if guest_cart is None:
            cart = await carts.open(command_id=CommandId(command), customer_id=customer_id)
        else:
            cart = await _claim(carts, command, guest_cart, customer_id)
    except BodegaError:
        forget_cart(request, response)
    else:
        keep_cart(request, response, cart)


async def _claim(carts: Carts, command: UUID, cart_id: CartId, customer_id: UserId) -> CartView:
    try:
        return await carts.claim(
            command_id=CommandId(command), cart_id=cart_id, customer_id=customer_id
        )
    except BodegaError:
        opening = CommandId(derived_id(command, "open"))
        return await carts.open(command_id=opening, customer_id=customer_id)

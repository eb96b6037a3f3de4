"""Signing in, registering, signing out, and one's own orders."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.cart import Carts
from bodega.contracts.identity import Identity, SignedIn
from bodega.contracts.orders import Orders
from bodega.kernel.errors import (
    BodegaError,
    Conflict,
    Invalid,
    Rejected,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from bodega.kernel.ids import UserId
from bodega.kernel.page import PageRequest
from bodega.kernel.principal import Role
from bodega.web.access import Shopper, Visitor
from bodega.web.cookies import drop_cookie, put_cookie, read_cookie
from bodega.web.forms import Posted, PostedForm
from bodega.web.pages import redirect, render
from bodega.web.storefront.basket import bring_cart, forget_cart

ORDERS = 10
_REFUSED = (Unauthenticated, Conflict, Rejected, Invalid, TooMany, Unavailable)
router = APIRouter(include_in_schema=False)

Identities = Annotated[Identity, provided(Identity)]
Baskets = Annotated[Carts, provided(Carts)]
Own = Annotated[Orders, provided(Orders)]


def local_path(address: str) -> str | None:
    """`address` when it is a path of this shop, so that nobody is led elsewhere."""
    odd = address.startswith(("//", "/\\")) or any(ord(c) < 33 for c in address)
    return address if address.startswith("/") and not odd else None


@router.get("/sign-in")
async def show_sign_in(
    request: Request, who: Visitor, next: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    if who.at_least(Role.CUSTOMER) and not next:
        return redirect(request, "/account")
    return _form(request, "sign_in", next_address=next)


@router.post("/sign-in")
async def sign_in(
    request: Request, who: Visitor, form: Posted, identity: Identities, carts: Baskets
) -> Response:
    email = form.text("email")
    try:
        session = await identity.sign_in(
            email=email, password=form.secret("password"), address=_address(request)
        )
    except _REFUSED as error:
        return _form(request, "sign_in", email=email, next_address=form.text("next"), refused=error)
    return await _welcome(request, form, carts, session, flash="signed-in")


@router.get("/register")
async def show_register(
    request: Request, who: Visitor, next: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    return _form(request, "register", next_address=next)


@router.post("/register")
async def register(
    request: Request, who: Visitor, form: Posted, identity: Identities, carts: Baskets
) -> Response:
    email, name = form.text("email"), form.text("name")
    try:
        session = await identity.register(
            email=email, password=form.secret("password"), name=name, address=_address(request)
        )
    except _REFUSED as error:
        next_address = form.text("next")
        return _form(
            request, "register", email=email, name=name, next_address=next_address, refused=error
        )
    return await _welcome(request, form, carts, session, flash="welcome")


@router.post("/sign-out")
async def sign_out(request: Request, who: Visitor, form: Posted, identity: Identities) -> Response:
    token = read_cookie(request, "session")
    if token:
        await identity.sign_out(token=token)
    response = redirect(request, "/", flash="signed-out")
    drop_cookie(request, response, "session")
    forget_cart(request, response)
    return response


@router.get("/account")
async def account(
    request: Request,
    who: Shopper,
    identity: Identities,
    orders: Own,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """The customer's own orders, newest first."""
    assert who.id is not None
    customer_id = UserId(who.id)
    page = await orders.of_customer(customer_id, PageRequest(limit=ORDERS, cursor=cursor))
    return render(
        request,
        "storefront/account.html",
        user=await identity.user(customer_id),
        orders=page.items,
        next_cursor=page.next_cursor,
        first_page=cursor is None,
    )


async def _welcome(
    request: Request, form: PostedForm, carts: Carts, session: SignedIn, *, flash: str
) -> Response:
    settings: Settings = request.app.state.settings
    home = "/console" if session.principal.at_least(Role.STAFF) else "/account"
    response = redirect(request, local_path(form.text("next")) or home, flash=flash)
    put_cookie(request, response, "session", session.token, seconds=settings.session_hours * 3600)
    await bring_cart(request, response, carts, customer_id=session.user.id)
    return response


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _form(
    request: Request,
    kind: str,
    *,
    email: str = "",
    name: str = "",
    next_address: str = "",
    refused: BodegaError | None = None,
) -> Response:
    """A password is never shown again."""
    return render(
        request,
        f"storefront/{kind}.html",
        status=refused.status if refused else 200,
        email=email,
        name=name,
        next_address=local_path(next_address) or "",
        refused=refused,
    )

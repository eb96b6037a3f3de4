"""HTTP of the cart."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status

from bodega.backbone.db import UnitOfWork
from bodega.backbone.http.deps import Anyone, SignedIn, Work, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.cart import service
from bodega.commerce.cart.domain import Guard, etag
from bodega.commerce.cart.errors import CartNotFound
from bodega.commerce.cart.schemas import LineAddition, LineChange, LineSaving, NoteChange
from bodega.commerce.cart.service import Shelves
from bodega.contracts.cart import (
    Acknowledge,
    AddCoupon,
    CartChange,
    CartQuote,
    Carts,
    CartView,
    DropCoupon,
    DropLine,
    SaveLine,
    SetLine,
    SetNote,
)
from bodega.kernel.address import CountryCode
from bodega.kernel.ids import CartId, ShippingMethodId, UserId, VariantId
from bodega.kernel.principal import Principal

Baskets = Annotated[Carts, provided(Carts)]
Goods = Annotated[Shelves, provided(Shelves)]
IfMatch = Annotated[str | None, Header(max_length=500)]
_GUARDED: dict[int | str, dict[str, Any]] = {
    409: {"description": "`cart_closed`: go on with `next_cart_id`"},
    412: {"description": "`cart_moved`: somebody changed the cart since that ETag"},
    428: {"description": "`if_match_missing`: the change would overwrite something"},
}

router = api_router("cart", "/carts")
changing = api_router("cart", "/carts/{cart_id}", responses=_GUARDED)


@dataclass(frozen=True, slots=True)
class Hands:
    """Who changes which cart, and which version they know."""

    cart_id: CartId
    uow: UnitOfWork
    goods: Shelves
    response: Response
    if_match: str | None
    client: str | None

    async def make(self, who: Principal, change: CartChange) -> CartView:
        view = await service.change(
            self.uow,
            self.goods,
            cart_id=self.cart_id,
            customer_id=_customer(who),
            change=change,
            guard=Guard(self.if_match, required=True),
            client=self.client,
        )
        return _tagged(self.response, view)


async def _hands(
    *,
    request: Request,
    cart_id: CartId,
    uow: Work,
    goods: Goods,
    response: Response,
    if_match: IfMatch = None,
) -> Hands:
    client = request.client.host if request.client else None
    return Hands(cart_id, uow, goods, response, if_match, client)


OnCart = Annotated[Hands, Depends(_hands, scope="function")]


@router.post("", status_code=status.HTTP_201_CREATED)
async def open_cart(who: Anyone, uow: Work, goods: Goods, response: Response) -> CartView:
    """A new cart, or the customer's open one. A guest's cart is open to whoever knows its id."""
    return _tagged(response, await service.open_cart(uow, goods, customer_id=_customer(who)))


@router.get("/{cart_id}")
async def get_cart(who: Anyone, carts: Baskets, cart_id: CartId, response: Response) -> CartView:
    """The cart with today's prices, stock and quote, and what changed since it was touched."""
    view = await carts.cart(cart_id, customer_id=_customer(who))
    if view is None:
        raise CartNotFound
    return _tagged(response, view)


@router.get("/{cart_id}/quote")
async def get_quote(
    *,
    who: Anyone,
    carts: Baskets,
    cart_id: CartId,
    country: Annotated[CountryCode | None, Query()] = None,
    region: Annotated[str, Query(pattern="^[A-Z0-9]{0,3}$")] = "",
    postal_code: Annotated[str, Query(max_length=20)] = "",
    shipping_method_id: ShippingMethodId | None = None,
) -> CartQuote | None:
    """What it costs to have the cart sent somewhere, and the ways to send it; null when empty."""
    if await carts.cart(cart_id, customer_id=_customer(who)) is None:
        raise CartNotFound
    return await carts.quote(
        cart_id,
        customer_id=_customer(who),
        country=country,
        region=region,
        postal_code=postal_code,
        shipping_method_id=shipping_method_id,
    )


@changing.post("/claims", status_code=status.HTTP_201_CREATED)
async def claim_cart(
    who: SignedIn, cart_id: CartId, uow: Work, goods: Goods, response: Response
) -> CartView:
    """Take a guest's cart along after signing in; what the own cart held moves into it."""
    assert who.id is not None
    view = await service.claim(uow, goods, cart_id=cart_id, customer_id=UserId(who.id))
    return _tagged(response, view)


@changing.post("/lines", status_code=status.HTTP_201_CREATED)
async def add_line(who: Anyone, cart: OnCart, addition: LineAddition) -> CartView:
    """Add units to whatever is there: two tabs that add at once lose nothing."""
    change = SetLine(variant_id=addition.variant_id, quantity=addition.quantity, add=True)
    return await cart.make(who, change)


@changing.put("/lines/{variant_id}")
async def set_line(
    who: Anyone, cart: OnCart, variant_id: VariantId, change: LineChange
) -> CartView:
    """Set a line's quantity; 0 removes it."""
    return await cart.make(who, SetLine(variant_id=variant_id, quantity=change.quantity))


@changing.delete("/lines/{variant_id}")
async def remove_line(who: Anyone, cart: OnCart, variant_id: VariantId) -> CartView:
    """Remove a line; one that is not there is no error."""
    return await cart.make(who, DropLine(variant_id=variant_id))


@changing.put("/lines/{variant_id}/saved")
async def save_line(
    who: Anyone, cart: OnCart, variant_id: VariantId, change: LineSaving
) -> CartView:
    """Put a line aside for later, or back into the cart."""
    return await cart.make(who, SaveLine(variant_id=variant_id, saved=change.saved))


@changing.put("/note")
async def set_note(who: Anyone, cart: OnCart, change: NoteChange) -> CartView:
    """Tell the shop something about this order."""
    return await cart.make(who, SetNote(note=change.note))


@changing.put("/coupons/{code}")
async def add_coupon(who: Anyone, cart: OnCart, code: str) -> CartView:
    """Use a code; what it does stands in the quote."""
    return await cart.make(who, AddCoupon(code=code))


@changing.delete("/coupons/{code}")
async def remove_coupon(who: Anyone, cart: OnCart, code: str) -> CartView:
    """Take a code out; one that is not there is no error."""
    return await cart.make(who, DropCoupon(code=code))


@changing.post("/acknowledgements", status_code=status.HTTP_201_CREATED)
async def acknowledge(who: Anyone, cart: OnCart) -> CartView:
    """The buyer has seen today's prices: notices of changed prices go."""
    return await cart.make(who, Acknowledge())


def _customer(who: Principal) -> UserId | None:
    return UserId(who.id) if who.id else None


def _tagged(response: Response, view: CartView) -> CartView:
    response.headers["etag"] = etag(view.version)
    return view


ROUTERS: list[APIRouter] = [router, changing]

"""From what a buyer submits to a saga's first row."""

import hashlib

from bodega.backbone.module import Context
from bodega.commerce.checkout import repository
from bodega.commerce.checkout.errors import (
    CartEmpty,
    CartInCheckout,
    CartNotFound,
    CartOrdered,
    VariantUnavailable,
)
from bodega.commerce.checkout.repository import Offer
from bodega.contracts.cart import Carts, CartView
from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.contracts.checkout import CheckoutRequest
from bodega.contracts.orders import OrderLine
from bodega.kernel.ids import UserId, VariantId

Known = dict[VariantId, SellableVariant]


def fingerprint(request: CheckoutRequest, customer_id: UserId | None) -> bytes:
    """What the same checkout id must come with again."""
    return hashlib.sha256(f"{customer_id}\n{request.model_dump_json()}".encode()).digest()


async def offer_for(
    context: Context, request: CheckoutRequest, customer_id: UserId | None
) -> Offer:
    """What the cart shows at this moment. Raises CartNotFound, CartEmpty, CartOrdered,
    VariantUnavailable."""
    cart = await _cart(context, request, customer_id)
    await _sold(context, cart)
    return Offer(lines=_order_lines(cart), total=cart.total)


async def _cart(context: Context, request: CheckoutRequest, customer_id: UserId | None) -> CartView:
    carts = context.container.get(Carts)
    cart = await carts.cart(request.cart_id, customer_id=customer_id)
    if cart is None:
        raise CartNotFound
    if cart.status != "open":
        raise CartOrdered
    if not cart.lines:
        raise CartEmpty
    return cart


async def _sold(context: Context, cart: CartView) -> Known:
    """Everything in the cart as the catalogue knows it. Raises VariantUnavailable."""
    known = await context.container.get(Catalog).sellable([line.variant_id for line in cart.lines])
    gone = [
        line.title
        for line in cart.lines
        if line.total.currency != cart.currency
        or line.variant_id not in known
        or not known[line.variant_id].active
    ]
    if gone:
        raise VariantUnavailable(f"No longer sold: {', '.join(gone)}")
    return known


def _order_lines(cart: CartView) -> list[OrderLine]:
    return [
        OrderLine(
            product_id=line.product_id,
            variant_id=line.variant_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=line.total,
        )
        for line in cart.lines
    ]


async def busy(context: Context, request: CheckoutRequest) -> CartInCheckout | CartOrdered:
    """Why no second checkout of the cart can begin."""
    async with context.database.reading() as connection:
        other = await repository.find_of_cart(connection, request.cart_id)
    return CartOrdered() if other and other.state == "completed" else CartInCheckout()

"""What a cart costs to this buyer at this address, line by line: the offer a saga begins with."""

from bodega.backbone.module import Context
from bodega.commerce.checkout.errors import (
    CartEmpty,
    CartNotFound,
    CartNotReady,
    CartOrdered,
    NoShipping,
    ShippingMethodUnavailable,
    TotalChanged,
    VariantUnavailable,
)
from bodega.commerce.checkout.repository import Offer
from bodega.contracts.cart import CartLine, Carts, CartView
from bodega.contracts.checkout import CheckoutRequest
from bodega.contracts.orders import OrderLine
from bodega.contracts.pricing import Basket, BasketLine, PricedLine, Pricing, Quote
from bodega.contracts.shipping import Parcel, Shipping, ShippingOption
from bodega.kernel.ids import UserId
from bodega.kernel.money import Money
from bodega.kernel.regions import region_of

_NOT_SOLD = {"not_for_sale", "other_currency"}
_READY_AGAIN = {
    "below_minimum": "The cart is below the smallest order",
    "above_maximum": "The cart is above the largest order",
    "too_many_units": "There are too many things in the cart",
}


async def offer_for(
    context: Context, request: CheckoutRequest, customer_id: UserId | None
) -> Offer:
    """Raises CartNotFound, CartEmpty, CartOrdered, CartNotReady, VariantUnavailable, NoShipping,
    ShippingMethodUnavailable, TotalChanged."""
    cart = await _cart(context, request, customer_id)
    way = await _way(context, request, cart)
    basket = _basket(cart, way, request, customer_id)
    quote = await context.container.get(Pricing).quote(basket)
    if request.expected_total not in (None, quote.total):
        raise TotalChanged(total=quote.total)
    limited = any(promotion.limited for promotion in quote.promotions)
    return Offer(
        lines=_order_lines(cart, quote, way),
        total=quote.total,
        basket=basket if limited else None,
        shipping_method_id=way.method_id,
        shipping_method=way.name,
        coupons=[coupon.code for coupon in quote.coupons if coupon.refusal is None],
        note=cart.note or None,
        limits={line.variant_id: line.purchase_limit for line in cart.lines if line.purchase_limit},
    )


async def _cart(context: Context, request: CheckoutRequest, customer_id: UserId | None) -> CartView:
    carts = context.container.get(Carts)
    cart = await carts.cart(request.cart_id, customer_id=customer_id, quoted=False)
    if cart is None:
        raise CartNotFound
    if cart.status != "open":
        raise CartOrdered
    if not cart.lines:
        raise CartEmpty
    _check_ready(cart)
    return cart


def _check_ready(cart: CartView) -> None:
    """How much is in stock is for the reservation to say."""
    gone = [line.title for line in cart.lines if _told(line) & _NOT_SOLD]
    if gone:
        raise VariantUnavailable(f"No longer sold: {', '.join(gone)}")
    odd = [line.title for line in cart.lines if "wrong_quantity" in _told(line)]
    if odd:
        raise CartNotReady(f"Not sold in this quantity: {', '.join(odd)}")
    for problem in cart.problems:
        if problem in _READY_AGAIN:
            raise CartNotReady(_READY_AGAIN[problem], problem=problem)


def _told(line: CartLine) -> set[str]:
    return {notice.kind for notice in line.notices}


async def _way(context: Context, request: CheckoutRequest, cart: CartView) -> ShippingOption:
    """The way that was chosen, or the cheapest."""
    shipping = context.container.get(Shipping)
    address = request.shipping_address
    parcel = Parcel(
        country=address.country,
        postal_code=address.postal_code,
        subtotal=cart.total,
        weight_grams=sum(line.weight_grams * line.quantity for line in cart.lines),
        units=cart.units,
    )
    if request.shipping_method_id is not None:
        chosen = await shipping.option(request.shipping_method_id, parcel)
        if chosen is None:
            raise ShippingMethodUnavailable
        return chosen
    options = await shipping.options(parcel)
    if not options:
        raise NoShipping
    return options[0]


def _basket(
    cart: CartView, way: ShippingOption, request: CheckoutRequest, customer_id: UserId | None
) -> Basket:
    address = request.shipping_address
    return Basket(
        currency=cart.currency,
        lines=[
            BasketLine(
                key=str(line.variant_id),
                product_id=line.product_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                unit_price=line.unit_price,
                category=line.category,
                tax_class=line.tax_class,
            )
            for line in cart.lines
        ],
        shipping=way.price,
        country=address.country,
        region=address.region or region_of(address.country, address.postal_code),
        customer_id=customer_id,
        coupons=cart.coupons,
    )


def _order_lines(cart: CartView, quote: Quote, way: ShippingOption) -> list[OrderLine]:
    priced = {line.key: line for line in quote.lines}
    goods = [_goods(line, priced[str(line.variant_id)]) for line in cart.lines]
    return goods if quote.shipping is None else [*goods, _sending(way, quote.shipping)]


def _goods(line: CartLine, priced: PricedLine) -> OrderLine:
    return OrderLine(
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=priced.total,
        discount=_if_any(priced.discount),
        tax=priced.tax,
        tax_rate=priced.tax_rate,
        tax_included=priced.tax_included,
    )


def _sending(way: ShippingOption, priced: PricedLine) -> OrderLine:
    return OrderLine(
        kind="shipping",
        product_id=None,
        variant_id=None,
        sku="SHIPPING",
        title=way.name,
        quantity=1,
        unit_price=way.price,
        total=priced.total,
        discount=_if_any(priced.discount),
        tax=priced.tax,
        tax_rate=priced.tax_rate,
        tax_included=priced.tax_included,
    )


def _if_any(money: Money) -> Money | None:
    return money if money.amount else None

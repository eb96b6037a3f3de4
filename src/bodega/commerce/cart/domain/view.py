"""A basket with today's prices and stock, and what has changed since the buyer looked."""

from collections.abc import Mapping, Sequence

from bodega.commerce.cart.domain.basket import Basket, Limits, Line
from bodega.commerce.cart.domain.changes import Known, check_quantity, most_units
from bodega.commerce.cart.errors import TooManyUnits, WrongQuantity
from bodega.contracts.cart import (
    CartCoupon,
    CartLine,
    CartProblem,
    CartPromotion,
    CartQuote,
    CartShipping,
    CartView,
    LineNotice,
)
from bodega.contracts.catalog import SellableVariant
from bodega.contracts.pricing import PricedLine, Quote
from bodega.contracts.shipping import ShippingOption
from bodega.kernel.ids import ShippingMethodId, VariantId
from bodega.kernel.money import total

FEW = 5
_BLOCKING = {
    "not_enough",
    "sold_out",
    "purchase_limit",
    "not_for_sale",
    "wrong_quantity",
    "other_currency",
}


def priced(
    basket: Basket,
    known: Known,
    stock: Mapping[VariantId, int] | None,
    *,
    currency: str,
    limits: Limits,
    allowed: Mapping[VariantId, int] | None = None,
) -> CartView:
    """The cart at today's prices, without promotions; without `stock` it says nothing of that.
    `allowed` is how many this customer may still buy of what has a purchase limit. A
    line whose price has moved to another currency than the first line's cannot be bought and does
    not count."""
    found = [line for line in basket.lines if line.variant_id in known]
    wanted = [line for line in found if not line.saved]
    if wanted:
        currency = known[wanted[0].variant_id].price.currency
    lines, saved = (
        [
            _line(
                line,
                known[line.variant_id],
                left=_left(stock, line),
                allowed=allowed or {},
                currency=currency,
                limits=limits,
            )
            for line in found
            if line.saved is aside
        ]
        for aside in (False, True)
    )
    view = CartView(
        id=basket.id,
        customer_id=basket.customer_id,
        status=basket.status,
        currency=currency,
        version=basket.version,
        lines=lines,
        total=total([line.total for line in countable(lines, currency)], currency),
        units=sum(line.quantity for line in lines),
        saved=saved,
        note=basket.note,
        coupons=list(basket.coupons),
        expires_at=basket.expires_at if basket.status == "open" else None,
        next_cart_id=basket.next_cart_id,
    )
    return view.model_copy(update={"problems": _problems(view, limits)})


def _left(stock: Mapping[VariantId, int] | None, line: Line) -> int | None:
    return None if stock is None else stock.get(line.variant_id, 0)


def countable(lines: Sequence[CartLine], currency: str) -> list[CartLine]:
    return [line for line in lines if line.unit_price.currency == currency]


def _line(
    line: Line,
    variant: SellableVariant,
    *,
    left: int | None,
    allowed: Mapping[VariantId, int],
    currency: str,
    limits: Limits,
) -> CartLine:
    too_many = _beyond_limit(line, variant, allowed)
    told = _notices(line, variant, left, currency, limits)
    # One sentence about the quantity is enough.
    notices = [one for one in told if not too_many or one.kind != "wrong_quantity"] + too_many
    return CartLine(
        variant_id=line.variant_id,
        product_id=variant.product_id,
        slug=variant.slug,
        sku=variant.sku,
        title=variant.title,
        quantity=line.quantity,
        unit_price=variant.price,
        total=variant.price * line.quantity,
        available=not any(notice.kind in _BLOCKING for notice in notices),
        notices=notices,
        min_quantity=variant.min_quantity,
        max_quantity=most_units(variant, limits),
        quantity_step=variant.quantity_step,
        purchase_limit=variant.purchase_limit,
        category=variant.category,
        tax_class=variant.tax_class,
        weight_grams=variant.weight_grams,
    )


def _notices(
    line: Line, variant: SellableVariant, left: int | None, currency: str, limits: Limits
) -> list[LineNotice]:
    if not variant.active:
        return [LineNotice(kind="not_for_sale")]
    found = [*_price_moved(line, variant), *_stock_moved(line, left)]
    if variant.price.currency != currency:
        found.append(LineNotice(kind="other_currency", now=variant.price))
    try:
        check_quantity(variant, line.quantity, limits)
    except (TooManyUnits, WrongQuantity):
        found.append(LineNotice(kind="wrong_quantity"))
    return found


def _beyond_limit(
    line: Line, variant: SellableVariant, allowed: Mapping[VariantId, int]
) -> list[LineNotice]:
    """Of a guest it is not known yet what they have bought."""
    if variant.purchase_limit is None or not variant.active:
        return []
    left = allowed.get(line.variant_id, variant.purchase_limit.units)
    return [LineNotice(kind="purchase_limit", left=left)] if line.quantity > left else []


def _price_moved(line: Line, variant: SellableVariant) -> list[LineNotice]:
    was, now = line.seen, variant.price
    if was is None or was == now or was.currency != now.currency:
        return []
    kind = "price_raised" if was.amount < now.amount else "price_lowered"
    return [LineNotice.model_validate({"kind": kind, "was": was, "now": now})]


def _stock_moved(line: Line, left: int | None) -> list[LineNotice]:
    if left is None:
        return []
    if left <= 0:
        return [LineNotice(kind="sold_out", left=0)]
    if left < line.quantity:
        return [LineNotice(kind="not_enough", left=left)]
    return [LineNotice(kind="few_left", left=left)] if left <= FEW else []


def _problems(view: CartView, limits: Limits) -> list[CartProblem]:
    if not view.lines:
        return []
    amount = view.total.amount
    checks: list[tuple[CartProblem, bool]] = [
        ("lines_unavailable", not all(line.available for line in view.lines)),
        ("below_minimum", amount < limits.min_total),
        ("above_maximum", 0 < limits.max_total < amount),
        ("too_many_units", view.units > limits.max_total_units),
    ]
    return [problem for problem, stands in checks if stands]


def quoted(
    found: Quote,
    options: Sequence[ShippingOption],
    *,
    country: str,
    currency: str,
    method_id: ShippingMethodId | None,
) -> CartQuote:
    """A pricing quote as the cart shows it: goods, discount, shipping, tax, and their sum."""
    lines = [*found.lines, *([found.shipping] if found.shipping else [])]
    return CartQuote(
        country=country,
        subtotal=total([line.subtotal for line in found.lines], currency),
        discount=total([line.discount for line in lines], currency),
        shipping=found.shipping.subtotal if found.shipping else None,
        tax=found.tax,
        tax_included=_tax_included(lines),
        total=found.total,
        promotions=[
            CartPromotion(title=item.title, coupon=item.coupon, amount=item.amount)
            for item in found.promotions
        ],
        coupons=[CartCoupon(code=item.code, refusal=item.refusal) for item in found.coupons],
        shipping_method_id=method_id,
        shipping_options=[
            CartShipping.model_validate(option, from_attributes=True) for option in options
        ],
    )


def _tax_included(lines: Sequence[PricedLine]) -> bool:
    return all(line.tax_included for line in lines)

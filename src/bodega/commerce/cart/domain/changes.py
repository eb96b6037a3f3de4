"""What each change makes of a basket, and when it would overwrite somebody else's."""

from collections.abc import Mapping
from uuid import UUID

from bodega.commerce.cart.domain.basket import MAX_COUPONS, MAX_LINES, Basket, Fit, Limits, Line
from bodega.commerce.cart.errors import (
    CartFull,
    CurrencyMixed,
    LineNotFound,
    NotForSale,
    TooManyCoupons,
    TooManyLines,
    TooManyUnits,
    WrongQuantity,
)
from bodega.contracts.cart import (
    Acknowledge,
    AddCoupon,
    CartChange,
    DropCoupon,
    DropLine,
    SaveLine,
    SetLine,
    SetNote,
)
from bodega.contracts.catalog import SellableVariant
from bodega.kernel.ids import VariantId

Known = Mapping[VariantId, SellableVariant]


def overwrites(basket: Basket, change: CartChange) -> bool:
    """Whether it replaces something that another tab may have just written. What only adds, or
    changes nothing, does not."""
    match change:
        case SetLine(add=False):
            line = basket.line(change.variant_id)
            return line is not None and (line.saved or line.quantity != change.quantity)
        case SaveLine():
            line = basket.line(change.variant_id)
            return line is not None and line.saved != change.saved
        case DropLine():
            return basket.line(change.variant_id) is not None
        case SetNote():
            return bool(basket.note) and basket.note != change.note
        case DropCoupon():
            return change.code in basket.coupons
        case _:
            return False


def changed(basket: Basket, change: CartChange, known: Known, limits: Limits) -> Basket:
    """The basket after `change`; equal to the one before when there is nothing to do. `known` is
    what the catalogue says of the basket's variants and the change's. Raises errors of the cart."""
    match change:
        case SetLine():
            after = _with_quantity(basket, change, known, limits)
        case SaveLine():
            after = _put_aside(basket, change, known, limits)
        case DropLine():
            after = _without(basket, change.variant_id)
        case SetNote():
            after = basket._replace(note=change.note)
        case AddCoupon():
            after = _with_coupon(basket, change.code)
        case DropCoupon():
            kept = [code for code in basket.coupons if code != change.code]
            after = basket._replace(coupons=kept)
        case Acknowledge():
            after = basket._replace(lines=[_seen(line, known) for line in basket.lines])
    return after


def _with_quantity(basket: Basket, change: SetLine, known: Known, limits: Limits) -> Basket:
    line = basket.line(change.variant_id)
    held = line.quantity if line and not line.saved else 0
    quantity = change.quantity + (held if change.add else 0)
    if quantity == 0:
        return _without(basket, change.variant_id)
    if quantity < 0:
        raise WrongQuantity("A quantity is not below zero")
    if line is None and len(basket.lines) >= MAX_LINES:
        raise TooManyLines(f"A cart holds {MAX_LINES} different variants at most")
    if quantity == held:
        return basket
    variant = _for_sale(basket, change.variant_id, known)
    check_quantity(variant, quantity, limits)
    rest = sum(item.quantity for item in basket.wanted if item.variant_id != change.variant_id)
    if rest + quantity > limits.max_total_units and quantity > held:
        raise CartFull(f"A cart holds {limits.max_total_units} units at most")
    return _with(basket, Line(change.variant_id, quantity, seen=variant.price))


def _for_sale(basket: Basket, variant_id: VariantId, known: Known) -> SellableVariant:
    """Raises NotForSale, CurrencyMixed."""
    variant = known.get(variant_id)
    if variant is None or not variant.active:
        raise NotForSale
    beside = {line.variant_id for line in basket.wanted} | {variant_id}
    currencies = sorted({known[key].price.currency for key in beside if key in known})
    if len(currencies) > 1:
        raise CurrencyMixed(f"A cart holds one currency, not {' and '.join(currencies)}")
    return variant


def check_quantity(variant: SellableVariant, quantity: int, limits: Limits) -> None:
    """Raises TooManyUnits, WrongQuantity."""
    most = most_units(variant, limits)
    if quantity > most:
        raise TooManyUnits(f"A cart holds {most} units of this at most")
    least, step = variant.min_quantity, variant.quantity_step
    if quantity < least:
        raise WrongQuantity(f"This is sold from {least} units on")
    if (quantity - least) % step:
        below = quantity - (quantity - least) % step
        above = f" or {below + step}" if below + step <= most else ""
        raise WrongQuantity(f"This is sold in steps of {step}: take {below}{above}")


def most_units(variant: SellableVariant, limits: Limits) -> int:
    in_all = variant.purchase_limit.units if variant.purchase_limit else limits.max_units
    return min(variant.max_quantity or limits.max_units, in_all, limits.max_units)


def fitting(known: Known, limits: Limits) -> Fit:
    def fit(variant_id: VariantId, quantity: int) -> int:
        variant = known.get(variant_id)
        if variant is None:
            return min(quantity, limits.max_units)
        fits = min(quantity, most_units(variant, limits))
        return fits - max(fits - variant.min_quantity, 0) % variant.quantity_step

    return fit


def _put_aside(basket: Basket, change: SaveLine, known: Known, limits: Limits) -> Basket:
    line = basket.line(change.variant_id)
    if line is None:
        raise LineNotFound
    if line.saved == change.saved:
        return basket
    if change.saved:
        return _with(basket, line._replace(saved=True))
    back = SetLine(variant_id=line.variant_id, quantity=line.quantity)
    return _with_quantity(basket, back, known, limits)


def _with_coupon(basket: Basket, code: str) -> Basket:
    if code in basket.coupons:
        return basket
    if len(basket.coupons) >= MAX_COUPONS:
        raise TooManyCoupons(f"A cart holds {MAX_COUPONS} codes at most: take one out first")
    return basket._replace(coupons=[*basket.coupons, code])


def _with(basket: Basket, line: Line) -> Basket:
    """Where the variant stands already, else at the end."""
    if basket.line(line.variant_id) is None:
        return basket._replace(lines=[*basket.lines, line])
    same = line.variant_id
    return basket._replace(lines=[line if one.variant_id == same else one for one in basket.lines])


def _without(basket: Basket, variant_id: UUID) -> Basket:
    return basket._replace(lines=[line for line in basket.lines if line.variant_id != variant_id])


def _seen(line: Line, known: Known) -> Line:
    variant = known.get(line.variant_id)
    return line._replace(seen=variant.price) if variant else line

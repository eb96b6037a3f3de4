"""Pure rules of the cart."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from bodega.commerce.cart.errors import (
    CartClosed,
    CartMoved,
    CartNotFound,
    CurrencyMixed,
    TooManyLines,
    TooManyUnits,
)
from bodega.contracts.cart import CartLine, CartView
from bodega.contracts.catalog import SellableVariant
from bodega.kernel.ids import CartId, UserId, VariantId
from bodega.kernel.money import total

MAX_LINES = 200


class Line(NamedTuple):
    """What somebody means to buy; what it costs is asked anew each time."""

    variant_id: VariantId
    quantity: int


class Basket(NamedTuple):
    """A cart as it is stored: no price, no stock."""

    id: CartId
    customer_id: UserId | None
    status: str
    version: int
    lines: Sequence[Line]

    def quantity(self, variant_id: UUID) -> int:
        return next((line.quantity for line in self.lines if line.variant_id == variant_id), 0)


def check_reader(basket: Basket | None, customer_id: UserId | None) -> Basket:
    """A guest's cart is known to whoever knows its id, a customer's only to that customer.
    Raises CartNotFound: whether the cart exists is nobody else's business."""
    if basket is None or basket.customer_id not in (None, customer_id):
        raise CartNotFound
    return basket


def check_open(basket: Basket, expected: str | None) -> None:
    """Raises CartClosed, CartMoved. `expected` is an If-Match header."""
    if basket.status != "open":
        raise CartClosed
    if expected is not None and not _matches(expected, basket.version):
        raise CartMoved


def _matches(if_match: str, version: int) -> bool:
    """RFC 9110, 13.1.1: `*` or a list of entity tags, compared strongly."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag(version) in tags


def etag(version: int) -> str:
    return f'"{version}"'


def check_quantity(basket: Basket, variant_id: VariantId, quantity: int, *, max_units: int) -> None:
    """Raises TooManyUnits, TooManyLines."""
    if not 0 <= quantity <= max_units:
        raise TooManyUnits(f"A cart holds 0 to {max_units} units of one variant")
    if quantity and not basket.quantity(variant_id) and len(basket.lines) >= MAX_LINES:
        raise TooManyLines(f"A cart holds {MAX_LINES} different variants at most")


def check_currency(known: Mapping[VariantId, SellableVariant]) -> None:
    """Raises CurrencyMixed."""
    currencies = sorted({variant.price.currency for variant in known.values()})
    if len(currencies) > 1:
        raise CurrencyMixed(f"A cart holds one currency, not {' and '.join(currencies)}")


def merged(kept: Basket, other: Basket, *, max_units: int) -> list[Line]:
    """The lines of both, as far as the limits allow."""
    quantities = {line.variant_id: line.quantity for line in kept.lines}
    for line in other.lines:
        quantities[line.variant_id] = quantities.get(line.variant_id, 0) + line.quantity
    lines = [Line(key, min(quantity, max_units)) for key, quantity in quantities.items()]
    return lines[:MAX_LINES]


def priced(
    basket: Basket,
    known: Mapping[VariantId, SellableVariant],
    stock: Mapping[VariantId, int],
    *,
    currency: str,
) -> CartView:
    """The cart at today's prices. A line whose price has moved to another currency than the first
    line's cannot be bought and does not count."""
    lines = [_line(line, known[line.variant_id], stock) for line in basket.lines
             if line.variant_id in known]  # fmt: skip
    currency = lines[0].unit_price.currency if lines else currency
    counted = [line.total for line in lines if line.total.currency == currency]
    return CartView(
        id=basket.id,
        customer_id=basket.customer_id,
        status=basket.status,
        currency=currency,
        version=basket.version,
        lines=[_buyable_in(line, currency) for line in lines],
        total=total(counted, currency),
        units=sum(line.quantity for line in lines),
    )


def _line(line: Line, variant: SellableVariant, stock: Mapping[VariantId, int]) -> CartLine:
    return CartLine(
        variant_id=line.variant_id,
        product_id=variant.product_id,
        slug=variant.slug,
        sku=variant.sku,
        title=variant.title,
        quantity=line.quantity,
        unit_price=variant.price,
        total=variant.price * line.quantity,
        available=variant.active and stock.get(line.variant_id, 0) >= line.quantity,
    )


def _buyable_in(line: CartLine, currency: str) -> CartLine:
    if line.total.currency == currency:
        return line
    return line.model_copy(update={"available": False})

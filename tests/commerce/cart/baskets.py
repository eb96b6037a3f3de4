"""Baskets, variants and limits of unit tests."""

from datetime import timedelta
from uuid import UUID, uuid4

from bodega.commerce.cart.domain import Basket, Limits, Line
from bodega.contracts.catalog import SellableVariant
from bodega.kernel.ids import CartId, ProductId, UserId, VariantId
from bodega.kernel.money import Money

LIMITS = Limits(
    max_units=10,
    max_total_units=40,
    min_total=0,
    max_total=0,
    guest_life=timedelta(days=30),
    customer_life=timedelta(days=180),
)


def basket(*lines: Line, owner: UserId | None = None, status: str = "open", **more) -> Basket:
    return Basket(CartId(uuid4()), owner, status, 3, list(lines), **more)


def line(quantity: int = 1, **more) -> Line:
    return Line(VariantId(uuid4()), quantity, **more)


def variant(
    variant_id: UUID, amount: int = 250, currency: str = "GBP", active: bool = True, **more
) -> SellableVariant:
    return SellableVariant(
        id=VariantId(variant_id),
        product_id=ProductId(uuid4()),
        slug="mug",
        sku="MUG",
        title="Mug",
        price=Money(amount=amount, currency=currency),
        active=active,
        **more,
    )


def shelf(*lines: Line, **more) -> dict[VariantId, SellableVariant]:
    """What the catalogue knows of every line."""
    return {item.variant_id: variant(item.variant_id, **more) for item in lines}

"""Orders as checkout and importers hand them in."""

from datetime import UTC, datetime, timedelta

from bodega.contracts.orders import ImportedOrder, ImportedReturn, OrderLine, PlaceOrder
from bodega.kernel.ids import (
    CartId,
    CheckoutId,
    OrderId,
    ProductId,
    ReturnId,
    UserId,
    VariantId,
    new_id,
)
from bodega.kernel.money import Money
from tests.kit.goods import ADDRESS

LONG_AGO = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def pounds(pence: int) -> Money:
    return Money(amount=pence, currency="GBP")


def line(quantity: int = 2, price: int = 599, product: ProductId | None = None) -> OrderLine:
    return OrderLine(
        product_id=product or ProductId(new_id()),
        variant_id=VariantId(new_id()),
        sku="MUG",
        title="Red Mug",
        quantity=quantity,
        unit_price=pounds(price),
        total=pounds(price * quantity),
    )


def wanted(
    *lines: OrderLine, customer: UserId | None = None, total: int | None = None
) -> PlaceOrder:
    bought = list(lines) or [line()]
    return PlaceOrder(
        checkout_id=CheckoutId(new_id()),
        cart_id=CartId(new_id()),
        customer_id=customer,
        email="ada@example.com",
        shipping_address=ADDRESS,
        lines=bought,
        total=pounds(sum(item.total.amount for item in bought) if total is None else total),
    )


def imported(key: str, *, days: int = 0, lines: list[OrderLine] | None = None) -> ImportedOrder:
    return ImportedOrder(
        id=OrderId(new_id()),
        source_key=key,
        customer_id=None,
        country="GB",
        placed_at=LONG_AGO + timedelta(days=days),
        currency="GBP",
        lines=lines or [line(), line(3, 100)],
    )


def returned(key: str, order: ImportedOrder | None = None) -> ImportedReturn:
    return ImportedReturn(
        id=ReturnId(new_id()),
        source_key=key,
        order_id=order.id if order else None,
        customer_id=None,
        country="GB",
        reason="cancellation",
        returned_at=LONG_AGO + timedelta(days=9),
        currency="GBP",
        lines=[line(1)],
    )

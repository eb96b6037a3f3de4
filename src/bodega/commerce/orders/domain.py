"""Pure rules of orders."""

from collections.abc import Sequence

from bodega.contracts.orders import OrderLine, OrderStatus
from bodega.kernel.money import Money, total

FIRST_NUMBER = 1001


def subtotal(lines: Sequence[OrderLine], currency: str) -> Money:
    """What the goods cost, without shipping, fees, discounts and adjustments."""
    return total([line.total for line in lines if line.kind == "product"], currency)


def line_total(lines: Sequence[OrderLine], currency: str) -> Money:
    return total([line.total for line in lines], currency)


def may_become(before: OrderStatus, after: OrderStatus) -> bool:
    """placed → paid → cancelled; a cancelled order stays so."""
    return (before, after) in {
        ("placed", "paid"),
        ("placed", "cancelled"),
        ("paid", "cancelled"),
    }

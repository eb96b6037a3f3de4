"""What lines add up to."""

from collections.abc import Iterable, Sequence

from bodega.contracts.orders import OrderLine
from bodega.kernel.money import Money, total


def subtotal(lines: Sequence[OrderLine], currency: str) -> Money:
    """What the goods cost, without shipping, fees, discounts and adjustments."""
    return total([line.total for line in lines if line.kind == "product"], currency)


def line_total(lines: Sequence[OrderLine], currency: str) -> Money:
    return total([line.total for line in lines], currency)


def discount_total(lines: Iterable[OrderLine], currency: str) -> Money:
    return total([line.discount for line in lines if line.discount], currency)


def tax_total(lines: Iterable[OrderLine], currency: str) -> Money:
    return total([line.tax for line in lines if line.tax], currency)

"""What units that come back are worth, and where the money of a refund is taken from: the payments
of an order, the first one first."""

from collections.abc import Sequence
from dataclasses import dataclass

from bodega.commerce.orders.domain.shares import next_units
from bodega.commerce.orders.errors import (
    RefundExceedsLine,
    RefundExceedsPayment,
    RefundNotChargeable,
)
from bodega.contracts.orders import OrderLine
from bodega.kernel.ids import CheckoutId
from bodega.kernel.money import Money, chargeable


@dataclass(frozen=True, slots=True)
class Source:
    """A captured payment and what of it has not been given back, in minor units."""

    checkout_id: CheckoutId
    left: int


@dataclass(frozen=True, slots=True)
class Part:
    checkout_id: CheckoutId
    amount: int


def spread(amount: int, sources: Sequence[Source]) -> list[Part]:
    """Parts that sum to `amount`. Raises RefundExceedsPayment when so much was not paid."""
    parts: list[Part] = []
    for source in sources:
        taken = min(amount, source.left)
        if taken > 0:
            parts.append(Part(source.checkout_id, taken))
            amount -= taken
    if amount > 0:
        raise RefundExceedsPayment
    return parts


def owed(line: OrderLine, units: int, *, named: Money | None, back: int) -> int:
    """What goes back for the next `units` of a line, of which `back` went back earlier: what staff
    `named`, or their share. Raises RefundExceedsLine, RefundNotChargeable."""
    left, currency = line.total.amount - back, line.total.currency
    if named is None:
        return chargeable(min(next_units(line, units).amount, left), currency)
    if named.currency != currency or not 0 <= named.amount <= left:
        raise RefundExceedsLine(f"{line.title}: {Money(amount=left, currency=currency)} is left")
    if named.amount != chargeable(named.amount, currency):
        raise RefundNotChargeable.of(named.amount, currency)
    return named.amount

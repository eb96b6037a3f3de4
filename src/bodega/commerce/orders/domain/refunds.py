"""Where the money of a refund is taken from: the payments of an order, the first one first."""

from collections.abc import Sequence
from dataclasses import dataclass

from bodega.commerce.orders.errors import RefundExceedsPayment
from bodega.kernel.ids import CheckoutId


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

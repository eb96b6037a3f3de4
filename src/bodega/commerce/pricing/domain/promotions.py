"""What promotions take off a basket.

Promotions apply one after another, in order of priority, each to what the earlier ones left. An
exclusive one stands alone: the buyer gets whichever is worth more, the best exclusive one or all
that stack together (at a tie, those that stack).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from bodega.commerce.pricing.domain.shares import rounded, shares
from bodega.contracts.pricing import Basket, BasketLine
from bodega.contracts.promotions import PromotionKind
from bodega.kernel.ids import ProductId, PromotionId


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion that may apply now; `coupon` is the code that brought it in. Amounts are minor
    units of `currency`. Without categories and products it is for all goods."""

    id: PromotionId
    title: str
    kind: PromotionKind
    currency: str
    coupon: str | None = None
    percent: Decimal = Decimal(0)
    amount: int = 0
    buy: int = 0
    get: int = 0
    min_subtotal: int = 0
    max_discount: int | None = None
    categories: frozenset[str] = frozenset()
    products: frozenset[ProductId] = frozenset()
    exclusive: bool = False
    priority: int = 100
    limited: bool = False

    @property
    def names_money(self) -> bool:
        return bool(self.amount or self.min_subtotal or self.max_discount is not None)

    def covers(self, line: BasketLine) -> bool:
        if not self.categories and not self.products:
            return True
        return line.category in self.categories or line.product_id in self.products


class Taken(NamedTuple):
    """What one offer takes off each line, and off shipping."""

    offer: Offer
    lines: Sequence[int]
    shipping: int

    @property
    def amount(self) -> int:
        return sum(self.lines) + self.shipping


@dataclass(slots=True)
class Reduction:
    """What is left to pay after some offers, and what each of them took."""

    lines: list[int]
    shipping: int
    taken: list[Taken] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.taken)

    def take(self, offer: Offer, basket: Basket) -> None:
        off = _off(offer, basket, self)
        if off is None or off.amount == 0:
            return
        self.lines = [left - part for left, part in zip(self.lines, off.lines, strict=True)]
        self.shipping -= off.shipping
        self.taken.append(off)


class Outcome(NamedTuple):
    """The best for the buyer; `met` are offers whose conditions the basket meets, `overruled` those
    of them that do not stack with what was chosen."""

    reduction: Reduction
    met: frozenset[PromotionId]
    overruled: frozenset[PromotionId]


def best(basket: Basket, offers: Iterable[Offer]) -> Outcome:
    """Which offers apply, and what they take."""
    ordered = [
        offer
        for offer in sorted(offers, key=lambda offer: (offer.priority, offer.id))
        if applies(offer, basket)
    ]
    together = [offer for offer in ordered if not offer.exclusive]
    ways = [together, *([offer] for offer in ordered if offer.exclusive)]
    reductions = [reduced(basket, way) for way in ways]
    chosen = max(range(len(ways)), key=lambda at: (reductions[at].amount, -at))
    kept = {offer.id for offer in ways[chosen]}
    met = frozenset(offer.id for offer in ordered)
    return Outcome(reductions[chosen], met, met - kept)


def reduced(basket: Basket, offers: Sequence[Offer]) -> Reduction:
    """All of `offers`, one after another."""
    left = Reduction(
        lines=[subtotal(line) for line in basket.lines],
        shipping=basket.shipping.amount if basket.shipping else 0,
    )
    for offer in offers:
        left.take(offer, basket)
    return left


def subtotal(line: BasketLine) -> int:
    return line.unit_price.amount * line.quantity


def applies(offer: Offer, basket: Basket) -> bool:
    """Whether the basket meets the offer's conditions."""
    if offer.currency != basket.currency and offer.names_money:
        return False
    covered = [line for line in basket.lines if offer.covers(line)]
    if not covered or sum(subtotal(line) for line in covered) < offer.min_subtotal:
        return False
    if offer.kind == "buy_x_get_y":
        return sum(line.quantity for line in covered) >= offer.buy + offer.get
    return True


def _off(offer: Offer, basket: Basket, left: Reduction) -> Taken | None:
    if offer.kind == "free_shipping":
        return Taken(offer, [0] * len(left.lines), _capped(offer, left.shipping))
    if offer.kind == "buy_x_get_y":
        wished = _given(offer, basket, left)
    else:
        wished = [
            amount if offer.covers(line) else 0
            for line, amount in zip(basket.lines, left.lines, strict=True)
        ]
    amount = _amount(offer, wished)
    return Taken(offer, shares(_capped(offer, amount), wished), 0)


def _amount(offer: Offer, wished: Sequence[int]) -> int:
    if offer.kind == "fixed":
        return min(offer.amount, sum(wished))
    return rounded(Fraction(offer.percent) / 100 * sum(wished))


def _capped(offer: Offer, amount: int) -> int:
    return amount if offer.max_discount is None else min(amount, offer.max_discount)


def _given(offer: Offer, basket: Basket, left: Reduction) -> list[int]:
    """What is left to pay for the units that are given. Units are laid out from the dearest to the
    cheapest and cut into groups of buy + get: the last `get` of each full group are given."""
    given = [0] * len(basket.lines)
    covered = [at for at, line in enumerate(basket.lines) if offer.covers(line)]
    covered.sort(key=lambda at: (-basket.lines[at].unit_price.amount, at))
    group = offer.buy + offer.get
    units = sum(basket.lines[at].quantity for at in covered)
    full = units // group * group
    start = 0
    for at in covered:
        quantity = basket.lines[at].quantity
        end = start + quantity
        free = _free(offer, min(end, full)) - _free(offer, min(start, full))
        given[at] = left.lines[at] * free // quantity
        start = end
    return given


def _free(offer: Offer, units: int) -> int:
    """How many of the first so many units are given."""
    groups, rest = divmod(units, offer.buy + offer.get)
    return groups * offer.get + max(0, rest - offer.buy)

"""A basket as it is stored, who may see it, and who may change it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from bodega.commerce.cart.errors import CartClosed, CartMoved, CartNotFound, IfMatchMissing
from bodega.kernel.ids import CartId, UserId, VariantId
from bodega.kernel.money import Money

MAX_LINES = 200
MAX_COUPONS = 5
Fit = Callable[[VariantId, int], int]
"""The largest quantity, not above the wanted one, in which a variant is sold."""


class Line(NamedTuple):
    """What somebody means to buy, now or later. What it costs is asked anew each time; `seen` is
    the unit price the buyer knows of."""

    variant_id: VariantId
    quantity: int
    saved: bool = False
    seen: Money | None = None


class Basket(NamedTuple):
    """A cart as it is stored: no price, no stock."""

    id: CartId
    customer_id: UserId | None
    status: str
    version: int
    lines: Sequence[Line]
    note: str = ""
    coupons: Sequence[str] = ()
    expires_at: datetime | None = None
    next_cart_id: CartId | None = None

    @property
    def wanted(self) -> list[Line]:
        """What is to be bought now."""
        return [line for line in self.lines if not line.saved]

    def line(self, variant_id: UUID) -> Line | None:
        return next((line for line in self.lines if line.variant_id == variant_id), None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the shop allows a cart; `min_total` and `max_total` in minor units, 0 for none."""

    max_units: int
    max_total_units: int
    min_total: int
    max_total: int
    guest_life: timedelta
    customer_life: timedelta

    def life(self, customer_id: UserId | None) -> timedelta:
        return self.guest_life if customer_id is None else self.customer_life


@dataclass(frozen=True, slots=True)
class Guard:
    """Which version a change is meant for: an If-Match header, if any. `required` where somebody
    else's change could be overwritten without it."""

    if_match: str | None = None
    required: bool = False


def etag(version: int) -> str:
    return f'"{version}"'


def check_reader(basket: Basket | None, customer_id: UserId | None, *, now: datetime) -> Basket:
    """A guest's cart is known to whoever knows its id, a customer's only to that customer.
    Raises CartNotFound: whether the cart exists is nobody else's business."""
    if basket is None or basket.customer_id not in (None, customer_id):
        raise CartNotFound
    if basket.status == "open" and basket.expires_at is not None and basket.expires_at <= now:
        raise CartNotFound
    return basket


def check_open(basket: Basket) -> None:
    """Raises CartClosed, which says where to go on."""
    if basket.status != "open":
        raise CartClosed(next_cart_id=basket.next_cart_id)


def check_guard(basket: Basket, guard: Guard, *, overwrites: bool) -> None:
    """Raises CartMoved, IfMatchMissing."""
    if guard.if_match is not None and not _matches(guard.if_match, basket.version):
        raise CartMoved
    if guard.if_match is None and guard.required and overwrites:
        raise IfMatchMissing


def _matches(if_match: str, version: int) -> bool:
    """RFC 9110, 13.1.1: `*` or a list of entity tags, compared strongly."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag(version) in tags


def merged(kept: Basket, other: Basket, *, fit: Fit) -> Basket:
    """`kept` with what both hold, as far as the limits allow. What one of them means to buy now is
    bought now."""
    lines = {line.variant_id: line for line in kept.lines}
    for line in other.lines:
        known = lines.get(line.variant_id)
        lines[line.variant_id] = _both(known, line, fit) if known else line
    by_need = sorted(lines.values(), key=lambda line: line.saved)
    coupons = list(dict.fromkeys([*kept.coupons, *other.coupons]))
    return kept._replace(
        lines=by_need[:MAX_LINES], coupons=coupons[:MAX_COUPONS], note=kept.note or other.note
    )


def _both(one: Line, other: Line, fit: Fit) -> Line:
    if one.saved != other.saved:
        return one if other.saved else other._replace(seen=one.seen or other.seen)
    if one.saved:
        return one._replace(quantity=max(one.quantity, other.quantity))
    both = fit(one.variant_id, one.quantity + other.quantity)
    return one._replace(quantity=max(both, one.quantity, other.quantity))


def left_over(basket: Basket, ordered: Mapping[VariantId, int]) -> list[Line]:
    """What an order did not take: lines put aside, and what came in while it was being placed."""
    return [
        line._replace(quantity=left)
        for line in basket.lines
        if (left := line.quantity - (0 if line.saved else ordered.get(line.variant_id, 0))) > 0
    ]

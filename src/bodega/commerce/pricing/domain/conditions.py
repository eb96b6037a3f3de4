"""What makes a promotion one that can be kept."""

from collections.abc import Set as AbstractSet
from datetime import datetime

from bodega.commerce.pricing.errors import PromotionMalformed
from bodega.contracts.promotions import PromotionKind

_NEEDS: dict[PromotionKind, frozenset[str]] = {
    "percentage": frozenset({"percent"}),
    "fixed": frozenset({"discount_amount"}),
    "buy_x_get_y": frozenset({"buy_quantity", "get_quantity", "percent"}),
    "free_shipping": frozenset(),
}
_OF_A_KIND = frozenset().union(*_NEEDS.values())


def check_needs(kind: PromotionKind, given: AbstractSet[str]) -> None:
    """Raises PromotionMalformed when something of the kind is missing, or belongs to another."""
    missing = sorted(_NEEDS[kind] - given)
    if missing:
        raise PromotionMalformed(f"A {kind} promotion needs {' and '.join(missing)}")
    foreign = sorted((given & _OF_A_KIND) - _NEEDS[kind])
    if foreign:
        raise PromotionMalformed(f"A {kind} promotion has no {' and no '.join(foreign)}")


def check_window(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raises PromotionMalformed."""
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise PromotionMalformed("A promotion ends after it starts")

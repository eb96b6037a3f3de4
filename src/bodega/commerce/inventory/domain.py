"""Pure rules of stock: what is free, what falls short, what a lapsed hold may still take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Hold:
    """Units of one variant that a checkout holds, or has taken."""

    variant_id: UUID
    quantity: int
    status: str
    expires_at: datetime

    def alive(self, now: datetime) -> bool:
        return self.status == "held" and self.expires_at > now


def free(on_hand: int, held: int) -> int:
    """What may still be promised; a correction below what is held leaves nothing, not less."""
    return max(0, on_hand - held)


def merged(lines: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """Units wanted a variant, in the one order in which rows are locked."""
    wanted: dict[UUID, int] = {}
    for variant_id, quantity in lines:
        wanted[variant_id] = wanted.get(variant_id, 0) + quantity
    return dict(sorted(wanted.items()))


def shortfalls(
    wanted: Mapping[UUID, int], on_hand: Mapping[UUID, int], held: Mapping[UUID, int]
) -> list[UUID]:
    """The variants of which there is not enough."""
    return [
        variant_id
        for variant_id, quantity in wanted.items()
        if free(on_hand.get(variant_id, 0), held.get(variant_id, 0)) < quantity
    ]


def consumable(
    holds: Iterable[Hold],
    *,
    on_hand: Mapping[UUID, int],
    held_by_others: Mapping[UUID, int],
    now: datetime,
) -> bool:
    """Whether every hold can become a sale: a live one if the units are there, a lapsed one only
    from what nobody else holds."""
    return all(
        on_hand.get(hold.variant_id, 0) >= hold.quantity
        if hold.alive(now)
        else free(on_hand.get(hold.variant_id, 0), held_by_others.get(hold.variant_id, 0))
        >= hold.quantity
        for hold in holds
    )

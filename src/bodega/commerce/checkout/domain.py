"""The checkout saga as a pure state machine.

running ──screen → redeem → reserve → authorise → allocate → place → capture──→ completed
   │  ↑                                   │                    │
   │  └───────────── waiting ←── buyer ───┴────── review ──────┘
   │                    │ gave up, refused
   └─ a step fails ─────┴→ undoing ──cancel → release → give back → void──→ failed

Only the ends of the path and the waits in it are written down. Every step answers the same when it
is asked again, so whoever takes over starts at the first one and comes to the same end. What is
ours is undone before what is the provider's: stock does not wait for a provider that is away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from bodega.commerce.checkout.errors import (
    BuyerGone,
    CheckoutCancelled,
    OutOfStock,
    PaymentDeclined,
    PaymentNotCaptured,
    PromotionUsedUp,
    PurchaseRefused,
    ReviewRefused,
)
from bodega.contracts.checkout import CheckoutState
from bodega.contracts.fraud import FraudScore
from bodega.contracts.orders import BoughtUnits
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import CommandId, VariantId, derived_id
from bodega.kernel.money import Money
from bodega.kernel.quantity import PurchaseLimit

WaitingFor = Literal["buyer", "review"]


class Step(StrEnum):
    SCREEN = "screen"
    REDEEM = "redeem"
    RESERVE = "reserve"
    AUTHORISE = "authorise"
    ALLOCATE = "allocate"
    PLACE = "place"
    CAPTURE = "capture"


class Undo(StrEnum):
    CANCEL = "cancel"
    RELEASE = "release"
    GIVE_BACK = "give_back"
    VOID = "void"


UNDONE_BY: dict[Step, Undo | None] = {
    Step.SCREEN: None,  # it was answered with the offer and touches nothing
    Step.REDEEM: Undo.GIVE_BACK,
    Step.RESERVE: Undo.RELEASE,
    Step.AUTHORISE: Undo.VOID,
    Step.ALLOCATE: Undo.RELEASE,
    Step.PLACE: Undo.CANCEL,
    Step.CAPTURE: Undo.VOID,
}

_NEXT: dict[CheckoutState, frozenset[CheckoutState]] = {
    "running": frozenset({"waiting", "completed", "undoing"}),
    "waiting": frozenset({"running", "undoing"}),
    "undoing": frozenset({"failed"}),
    "completed": frozenset(),
    "failed": frozenset(),
}
_FIRST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(minutes=5)
_REFUSALS: tuple[type[BodegaError], ...] = (
    OutOfStock,
    PromotionUsedUp,
    PurchaseRefused,
    PaymentDeclined,
    PaymentNotCaptured,
    BuyerGone,
    ReviewRefused,
    CheckoutCancelled,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step cannot be done, ever."""

    code: str
    detail: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A step goes on once somebody has done something; a buyer does it at `action_url`."""

    waiting_for: WaitingFor
    action_url: str | None = None


def may_become(before: CheckoutState, after: CheckoutState) -> bool:
    return after in _NEXT[before]


def live(state: CheckoutState) -> bool:
    """It has still to come to an end."""
    return bool(_NEXT[state])


def driven(state: CheckoutState) -> bool:
    """Somebody is at it, or should be; a waiting one rests."""
    return live(state) and state != "waiting"


def command(checkout_id: UUID, step: Step | Undo) -> CommandId:
    """The id under which a participant remembers this step of this checkout."""
    return CommandId(derived_id(checkout_id, step.value))


def wait_before(attempt: int, spread: float) -> timedelta:
    """Doubling from a second to five minutes; `spread` in 0..1 keeps retries apart."""
    doublings: int = 2 ** min(attempt, 16)
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * doublings)
    return longest * (0.5 + spread / 2)


def unscreened(total: Money, *, open_below: int, currency: str) -> FraudScore:
    """What a late answer means: small purchases in the shop's currency go through, the others are
    looked at by staff."""
    small = total.currency == currency and total.amount < open_below
    return FraudScore(
        score=0,
        decision="accept" if small else "review",
        reasons=["The fraud score was not answered in time"],
        model="policy",
    )


def still_allowed(
    limits: Mapping[VariantId, PurchaseLimit],
    under_way: Iterable[BoughtUnits],
    ordered: Sequence[BoughtUnits],
) -> dict[VariantId, int]:
    """Units of each that a buyer may still buy. A checkout that has placed its order counts as that
    order, which may have been cancelled again."""
    placed = {(bought.checkout_id, bought.variant_id) for bought in ordered}
    open_ones = [one for one in under_way if (one.checkout_id, one.variant_id) not in placed]
    left = {variant: limit.units for variant, limit in limits.items()}
    for bought in (*ordered, *open_ones):
        left[bought.variant_id] -= bought.units
    return {variant: max(units, 0) for variant, units in left.items()}


def out_of_stock(titles: Iterable[str]) -> Failure:
    named = ", ".join(sorted(titles))
    return Failure(OutOfStock.code, f"Not enough in stock: {named}")


def declined(decline_code: str | None) -> Failure:
    return Failure(PaymentDeclined.code, PaymentDeclined.title, decline_code)


def failed_by(kind: type[BodegaError]) -> Failure:
    return Failure(kind.code, kind.title)


def refusal(code: str | None, detail: str | None, **extra: object) -> BodegaError:
    """The error a client sees for a checkout that failed."""
    known = {kind.code: kind for kind in _REFUSALS}
    return known.get(code or "", PaymentNotCaptured)(detail or "", **extra)

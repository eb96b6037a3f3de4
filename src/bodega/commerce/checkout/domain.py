"""The checkout saga as a pure state machine.

running ──reserve → authorise → allocate → place → capture──→ completed
   └─ a step fails ─→ undoing ──cancel → release → void──→ failed

Only the two ends of the path are written down. Every step answers the same when it is asked again,
so whoever takes over starts at the first one and comes to the same end. What is ours is undone
before what is the provider's: stock does not wait for a provider that is away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from bodega.commerce.checkout.errors import (
    OutOfStock,
    PaymentDeclined,
    PaymentNotCaptured,
)
from bodega.contracts.checkout import CheckoutState
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import CommandId, derived_id


class Step(StrEnum):
    RESERVE = "reserve"
    AUTHORISE = "authorise"
    ALLOCATE = "allocate"
    PLACE = "place"
    CAPTURE = "capture"


class Undo(StrEnum):
    CANCEL = "cancel"
    RELEASE = "release"
    VOID = "void"


UNDONE_BY = {
    Step.RESERVE: Undo.RELEASE,
    Step.AUTHORISE: Undo.VOID,
    Step.ALLOCATE: Undo.RELEASE,
    Step.PLACE: Undo.CANCEL,
    Step.CAPTURE: Undo.VOID,
}

_ENDS: dict[CheckoutState, frozenset[CheckoutState]] = {
    "running": frozenset({"completed", "undoing"}),
    "undoing": frozenset({"failed"}),
    "completed": frozenset(),
    "failed": frozenset(),
}
_FIRST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step cannot be done, ever."""

    code: str
    detail: str
    decline_code: str | None = None


def may_become(before: CheckoutState, after: CheckoutState) -> bool:
    return after in _ENDS[before]


def live(state: CheckoutState) -> bool:
    """Somebody has still to bring it to an end."""
    return bool(_ENDS[state])


def command(checkout_id: UUID, step: Step | Undo) -> CommandId:
    """The id under which a participant remembers this step of this checkout."""
    return CommandId(derived_id(checkout_id, step.value))


def wait_before(attempt: int, spread: float) -> timedelta:
    """Doubling from a second to five minutes; `spread` in 0..1 keeps retries apart."""
    doublings: int = 2 ** min(attempt, 16)
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * doublings)
    return longest * (0.5 + spread / 2)


def out_of_stock(titles: Iterable[str]) -> Failure:
    named = ", ".join(sorted(titles))
    return Failure(OutOfStock.code, f"Not enough in stock: {named}")


def declined(decline_code: str | None) -> Failure:
    return Failure(PaymentDeclined.code, PaymentDeclined.title, decline_code)


def not_captured() -> Failure:
    return Failure(PaymentNotCaptured.code, PaymentNotCaptured.title)


def refusal(code: str | None, detail: str | None, **extra: object) -> BodegaError:
    """The error a client sees for a checkout that failed."""
    known: dict[str, type[BodegaError]] = {
        kind.code: kind for kind in (OutOfStock, PaymentDeclined, PaymentNotCaptured)
    }
    return known.get(code or "", PaymentNotCaptured)(detail or "", **extra)

"""What a provider's webhook says about a payment, and whether we agree."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from bodega.contracts.books import ConflictKind, DisputeStatus
from bodega.contracts.payments import PaymentStatus, RefundStatus
from bodega.kernel.money import Money

IN_FLIGHT: frozenset[PaymentStatus] = frozenset({"authorising", "capturing", "voiding"})
MAX_ATTEMPTS = 8
PATIENCE = 4
Standing = Literal["requires_action", "acted", "authorised", "captured", "cancelled", "declined"]


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """How the payment stands with the provider; `amount` is what it holds or took."""

    status: Standing
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundFact:
    """How much of a charge has gone back in all."""

    refunded: Money


@dataclass(frozen=True, slots=True)
class RefundStanding:
    """How one refund stands; `refund_id` is ours, None for one that was not asked for here."""

    reference: str
    status: RefundStatus
    amount: Money
    refund_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """Money the provider took for a dispute (negative) or gave back; `fee` as it was charged."""

    reference: str
    amount: Money
    fee: int = 0


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """How a dispute stands."""

    reference: str
    amount: Money
    reason: str
    status: DisputeStatus
    inquiry: bool
    opened_at: datetime
    due_at: datetime | None
    movements: tuple[Movement, ...] = ()


Fact = PaymentFact | RefundFact | RefundStanding | DisputeFact


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified webhook. Notices of one `group` are handled in the order of (`at`, `rank`);
    of one `subject` only the newest says how it stands. `payment_id` is ours, from the metadata.
    `part_of` is the subject of another notice, which tells what this one leaves out: whose it is.
    `unreadable` names what an event of a type we know lacks."""

    provider: str
    id: str
    type: str
    at: datetime
    rank: int
    group: str
    subject: str
    payment_id: UUID | None = None
    reference: str | None = None
    part_of: str | None = None
    fact: Fact | None = field(default=None, compare=False)
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know of the same payment; `returned` is what went back of what was captured."""

    status: PaymentStatus
    amount: Money
    taken: int
    returned: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    kind: ConflictKind
    expected: str
    seen: str


def judge(ours: Ours, fact: PaymentFact | RefundFact) -> Disagreement | None:
    """None when both sides agree. Not to be asked while a payment is in flight."""
    if isinstance(fact, RefundFact):
        return _judge_refund(ours, fact)
    if fact.status == "authorised":
        fits = ours.status != "declined"
    elif fact.status == "captured":
        fits = ours.status == "captured" or ours.taken > 0
    elif fact.status == "cancelled":
        fits = ours.status in ("voided", "declined") and ours.taken == 0
    else:
        return None
    if not fits:
        return Disagreement("status", ours.status, fact.status)
    return _judge_amount(ours, fact)


def _judge_amount(ours: Ours, fact: PaymentFact) -> Disagreement | None:
    if fact.status == "cancelled":
        return None
    expected = ours.amount
    if fact.status == "captured" and ours.taken:
        expected = Money(amount=ours.taken, currency=ours.amount.currency)
    if fact.amount.currency != expected.currency:
        return Disagreement("currency", expected.currency, fact.amount.currency)
    if fact.amount != expected:
        return Disagreement("amount", str(expected), str(fact.amount))
    return None


def _judge_refund(ours: Ours, fact: RefundFact) -> Disagreement | None:
    if fact.refunded.currency != ours.amount.currency:
        return Disagreement("currency", ours.amount.currency, fact.refunded.currency)
    if fact.refunded.amount <= ours.returned:
        return None
    here = Money(amount=ours.returned, currency=ours.amount.currency)
    return Disagreement("refund", str(here), str(fact.refunded))


def judge_dispute(paid: Money | None, fact: DisputeFact) -> Disagreement | None:
    """Nobody can take back more than was paid, or money of another kind."""
    if paid is None:
        return Disagreement("unknown_payment", "nothing", f"dispute of {fact.amount}")
    if fact.amount.currency != paid.currency:
        return Disagreement("currency", paid.currency, fact.amount.currency)
    if fact.amount > paid:
        return Disagreement("amount", str(paid), str(fact.amount))
    return None


def wait_seconds(attempts: int) -> float:
    """Before the next look at a webhook that could not be judged yet: 2, 4, 8 … 256 seconds."""
    return float(2 ** min(attempts, 8))

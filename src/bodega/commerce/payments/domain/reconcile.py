"""Our payments beside the provider's list: each difference, and what it may come from."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bodega.commerce.payments.domain.webhooks import IN_FLIGHT
from bodega.contracts.books import Difference, DifferenceKind
from bodega.contracts.payments import PaymentStatus
from bodega.kernel.ids import PaymentId
from bodega.kernel.money import Money

SETTLING = timedelta(hours=1)
_EXPLAINED: dict[DifferenceKind, str] = {
    "missing_here": "The provider has a payment that nobody here asked for: another system uses the"
    " account, or our database was restored to an earlier moment.",
    "twice": "The provider has more than one payment for one of ours: give the further one back.",
    "missing_there": "The provider does not list a payment that we hold as real: another account's"
    " key is set, or the provider's test data were cleared.",
    "amount": "Both sides know the payment and disagree about how much was taken or held.",
    "currency": "Both sides know the payment, in different currencies.",
    "status": "Both sides know the payment and disagree about how it stands: somebody captured or"
    " cancelled it at the provider, or the hold lapsed.",
    "unsettled": "The payment has been under way for more than an hour: checkout has not settled"
    " it yet.",
    "refund": "The sums that went back differ: a refund was made at the provider, or one of ours"
    " did not arrive there.",
    "fee": "The provider's fee is not in the ledger yet: book it with --book-fees.",
}
_SAME: dict[str, frozenset[PaymentStatus]] = {
    "authorised": frozenset({"authorised"}),
    "captured": frozenset({"captured", "voided"}),
    "refunded": frozenset({"captured", "voided"}),
    "cancelled": frozenset({"voided", "declined"}),
    "declined": frozenset({"declined", "voided", "requires_action"}),
    "requires_action": frozenset({"requires_action", "declined", "voided"}),
    "processing": frozenset({"requires_action"}),
}


@dataclass(frozen=True, slots=True)
class Here:
    """A payment of ours with what the ledger says of it; `fees` are the booked sources."""

    id: PaymentId
    reference: str | None
    status: PaymentStatus
    amount: Money
    taken: int
    returned: int
    fees: frozenset[str]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class There:
    """A payment of the provider's list."""

    reference: str
    payment_id: UUID | None
    status: str
    amount: Money
    taken: int
    returned: int
    fee: Money | None = None


def compare(
    here: Mapping[UUID, Here],
    there: Iterable[There],
    *,
    since: datetime,
    listed: datetime,
    now: datetime,
) -> list[Difference]:
    """Every difference. Payments of ours that were not begun between `since` and `listed`, until
    when the provider's list is complete, are compared and never missed."""
    seen: Counter[UUID] = Counter()
    found: list[Difference] = []
    for line in there:
        ours = matched(here, line)
        if ours is None:
            found += _missing_here(line)
            continue
        seen[ours.id] += 1
        found += _twice(ours, line) if seen[ours.id] > 1 else differences(ours, line, now=now)
    return found + [
        _difference("missing_there", one, one.reference, str(one.amount), "nothing")
        for one in here.values()
        if one.id not in seen and since <= one.started_at <= listed and _is_real(one)
    ]


def matched(here: Mapping[UUID, Here], line: There) -> Here | None:
    """By our own id when the provider was told it, else by the provider's."""
    if line.payment_id:
        return here.get(line.payment_id)
    return next((one for one in here.values() if one.reference == line.reference), None)


def differences(ours: Here, line: There, *, now: datetime) -> list[Difference]:
    """Between the two sides of one payment."""
    if ours.status in IN_FLIGHT:
        old = now - ours.started_at > SETTLING
        return [_difference("unsettled", ours, line.reference, ours.status, line.status)] * old
    if ours.amount.currency != line.amount.currency:
        pair = ours.amount.currency, line.amount.currency
        return [_difference("currency", ours, line.reference, *pair)]
    if ours.status not in _SAME[line.status]:
        return [_difference("status", ours, line.reference, ours.status, line.status)]
    return [*_amounts(ours, line), *_fees(ours, line)]


def _amounts(ours: Here, line: There) -> Iterable[Difference]:
    currency = ours.amount.currency
    pairs: tuple[tuple[DifferenceKind, int, int], ...] = (
        ("amount", ours.taken, line.taken),
        ("refund", ours.returned, line.returned),
    )
    if line.status == "authorised":
        pairs = (("amount", ours.amount.amount, line.amount.amount),)
    for kind, expected, seen in pairs:
        if expected != seen:
            shown = (str(Money(amount=side, currency=currency)) for side in (expected, seen))
            yield _difference(kind, ours, line.reference, *shown)


def _fees(ours: Here, line: There) -> Iterable[Difference]:
    if line.fee and line.fee.amount and fee_source(line.reference) not in ours.fees:
        yield _difference("fee", ours, line.reference, "nothing", str(line.fee))


def fee_source(reference: str) -> str:
    """What a payment's fee is booked under."""
    return f"fee:{reference}"


def _missing_here(line: There) -> Iterable[Difference]:
    if line.status in ("authorised", "captured"):
        yield _difference(
            "missing_here", None, line.reference, "nothing", f"{line.status} {line.amount}"
        )


def _twice(ours: Here, line: There) -> Iterable[Difference]:
    if line.status in ("authorised", "captured"):
        yield _difference("twice", ours, line.reference, "one payment", f"another {line.amount}")


def _is_real(one: Here) -> bool:
    return one.status in ("authorised", "captured") or one.taken > 0


def _difference(
    kind: DifferenceKind, ours: Here | None, reference: str | None, expected: str, seen: str
) -> Difference:
    return Difference(
        kind=kind,
        payment_id=ours.id if ours else None,
        reference=reference,
        here=expected,
        there=seen,
        explanation=_EXPLAINED[kind],
    )

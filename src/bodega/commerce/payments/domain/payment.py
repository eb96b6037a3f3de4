"""The life of a payment and of a refund, as tables of what may follow what."""

from bodega.contracts.payments import PaymentStatus, RefundStatus

NEXT: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    "authorising": frozenset({"requires_action", "authorised", "declined", "captured", "voiding"}),
    "requires_action": frozenset({"authorised", "declined", "captured", "voiding"}),
    "authorised": frozenset({"capturing", "voiding"}),
    "capturing": frozenset({"captured", "voiding"}),
    "captured": frozenset({"voiding"}),
    "voiding": frozenset({"voided"}),
    "declined": frozenset(),
    "voided": frozenset(),
}

REFUND_NEXT: dict[RefundStatus, frozenset[RefundStatus]] = {
    "pending": frozenset({"succeeded", "failed"}),
    "succeeded": frozenset({"failed"}),
    "failed": frozenset(),
}

AMOUNT_MISMATCH = "amount_mismatch"
NOT_CAPTURABLE = "not_capturable"
CANCELLED = "cancelled_by_provider"
UNREACHABLE_ACTION = "authentication_required"


def may_follow(before: PaymentStatus, after: PaymentStatus) -> bool:
    return after in NEXT[before]


def refund_may_follow(before: RefundStatus, after: RefundStatus) -> bool:
    """A refund that succeeded can still fail: the card's bank may send it back."""
    return after in REFUND_NEXT[before]


def settled(status: PaymentStatus) -> bool:
    """Nothing is under way that only the provider knows the end of."""
    return status not in ("authorising", "requires_action", "capturing", "voiding")


def drawn() -> str:
    """Both state machines as the tables of docs/modules/payments.md."""
    return "\n".join(
        [
            "| payment | then |",
            "|---|---|",
            *(_row(before, after) for before, after in NEXT.items()),
            "",
            "| refund | then |",
            "|---|---|",
            *(_row(before, after) for before, after in REFUND_NEXT.items()),
        ]
    )


def _row(before: str, after: frozenset[str]) -> str:
    ends = ", ".join(f"`{status}`" for status in sorted(after)) or "the end"
    return f"| `{before}` | {ends} |"

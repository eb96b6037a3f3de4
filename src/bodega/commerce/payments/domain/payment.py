"""The life of a payment.

authorising ─┬→ authorised ─┬→ capturing ─┬→ captured
             └→ declined    │             └─────┐
                            └→ voiding ←────────┴── captured
                                  └→ voided
"""

from bodega.contracts.payments import PaymentStatus

_NEXT: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    "authorising": frozenset({"requires_action", "authorised", "declined", "voiding"}),
    "requires_action": frozenset({"authorised", "declined", "voiding"}),
    "authorised": frozenset({"capturing", "voiding"}),
    "capturing": frozenset({"captured", "voiding"}),
    "captured": frozenset({"voiding"}),
    "voiding": frozenset({"voided"}),
    "declined": frozenset(),
    "voided": frozenset(),
}

AMOUNT_MISMATCH = "amount_mismatch"
NOT_CAPTURABLE = "not_capturable"


def may_follow(before: PaymentStatus, after: PaymentStatus) -> bool:
    return after in _NEXT[before]


def settled(status: PaymentStatus) -> bool:
    """Nothing is under way that only the provider knows the end of."""
    return status not in ("authorising", "requires_action", "capturing", "voiding")

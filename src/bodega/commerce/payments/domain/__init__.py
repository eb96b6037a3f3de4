"""Pure rules of payments, a file a concept."""

from bodega.commerce.payments.domain.payment import (
    AMOUNT_MISMATCH,
    CANCELLED,
    NOT_CAPTURABLE,
    UNREACHABLE_ACTION,
    may_follow,
    refund_may_follow,
    settled,
)

__all__ = [
    "AMOUNT_MISMATCH",
    "CANCELLED",
    "NOT_CAPTURABLE",
    "UNREACHABLE_ACTION",
    "may_follow",
    "refund_may_follow",
    "settled",
]

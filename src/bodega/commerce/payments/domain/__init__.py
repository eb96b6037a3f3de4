"""Pure rules of payments, a file a concept."""

from bodega.commerce.payments.domain.payment import (
    AMOUNT_MISMATCH,
    NOT_CAPTURABLE,
    may_follow,
    settled,
)

__all__ = ["AMOUNT_MISMATCH", "NOT_CAPTURABLE", "may_follow", "settled"]

"""How long to wait before a provider is asked again within one call, and when not to."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT = 0.25
LONGEST_WAIT = 4.0
_LATER = frozenset({408, 409, 425, 429})


def retryable(status: int) -> bool:
    """Too early, too often, locked by another request, or the provider's own failure: the same
    request may go through later. Any other answer stays the same however often it is asked for."""
    return status in _LATER or status >= 500


def wait_before(attempt: int, asked_for: str | None, *, now: datetime | None = None) -> float:
    """Seconds before try number `attempt` + 1: doubling from a quarter of a second, with jitter
    over its upper half (so that callers part), and never less than `Retry-After` asks for."""
    backoff: float = min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
    spread = backoff * random.uniform(0.5, 1)
    return max(spread, retry_after(asked_for, now=now) or 0.0)


def retry_after(header: str | None, *, now: datetime | None = None) -> float | None:
    """RFC 9110, 10.2.3: seconds, or the instant of an HTTP date; None when it says nothing."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())

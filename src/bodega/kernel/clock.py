"""Where time comes from: always aware, always UTC, always handed in."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Answers the present instant in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until moved; for tests and backfills."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def rfc3339(at: datetime) -> str:
    """`2026-11-21T10:34:00.123456Z`: UTC with a `Z`, microseconds kept."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

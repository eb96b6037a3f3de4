"""Where an incremental reading goes on: the highest value of a field that can be believed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from bodega.data.ingest.sources.rest.declaration import Cursor

AHEAD = timedelta(days=1)
"""How far a source's clock may be before ours."""


def believed(value: Any, cursor: Cursor, *, now: datetime | None) -> bool:
    """Whether reading may go on at `value`: of the kind that `start` is, and, where `now` is told,
    no instant to come. One wrong record would else hide all that comes before it."""
    if value is None:
        return False
    rank, found = comparable(value)
    if rank != comparable(cursor.start)[0]:
        return comparable(cursor.start)[0] == _TEXT
    return rank != _TIME or now is None or found <= now + AHEAD


_NUMBER, _TIME, _TEXT = range(3)
_FRACTION = re.compile(r"-?\d+\.\d+")


def comparable(value: Any) -> tuple[int, Any]:
    """Numbers by size, instants and days by time, other text as text."""
    if isinstance(value, int | float):
        return (_NUMBER, value)
    text = str(value)
    if text.lstrip("-").isdigit():
        return (_NUMBER, int(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return (_NUMBER, float(text)) if _FRACTION.fullmatch(text) else (_TEXT, text)
    return (_TIME, at if at.tzinfo else at.replace(tzinfo=UTC))


def less(known: Any, cursor: Cursor) -> Any:
    """The cursor, less its lag, written as it was."""
    rank, value = comparable(known)
    if rank == _NUMBER:
        return value - cursor.number_lag if cursor.number_lag else known
    if rank != _TIME or not cursor.lag:
        return known
    at: datetime = value - cursor.lag
    text = str(known)
    if len(text) == len("2026-11-21"):
        return at.date().isoformat()
    if text.endswith("Z"):
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return at.isoformat() if "+" in text else at.replace(tzinfo=None).isoformat(sep=text[10])

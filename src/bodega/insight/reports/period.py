"""Periods of whole days (UTC) that are over: `yesterday`, `last 7 days`, `last week` …"""

import re
from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator

_DAYS = re.compile(r"last (\d{1,3}) days")
_SAID = "a period is `yesterday`, `last 7 days`, `last week`, `last month` or `month to date`"


class Days(NamedTuple):
    """Both ends included."""

    since: date
    until: date

    def __str__(self) -> str:
        return str(self.since) if self.since == self.until else f"{self.since} to {self.until}"


def days_of(period: str, today: date) -> Days:
    """`month to date` on the first of a month is the month that has just ended. Raises ValueError
    for what is no period."""
    yesterday = today - timedelta(days=1)
    if period == "yesterday":
        return Days(yesterday, yesterday)
    if period == "last week":
        monday = today - timedelta(days=today.weekday() + 7)
        return Days(monday, monday + timedelta(days=6))
    if period == "last month":
        ended = today.replace(day=1) - timedelta(days=1)
        return Days(ended.replace(day=1), ended)
    if period == "month to date":
        return Days(yesterday.replace(day=1), yesterday)
    found = _DAYS.fullmatch(period)
    if found is None or not 1 <= int(found[1]) <= 366:
        raise ValueError(_SAID)
    return Days(today - timedelta(days=int(found[1])), yesterday)


def _plain(given: Any) -> Any:
    return " ".join(given.lower().split()) if isinstance(given, str) else given


def _known(period: str) -> str:
    days_of(period, date(2026, 1, 1))
    return period


Period = Annotated[str, BeforeValidator(_plain), AfterValidator(_known)]

"""When a source is read by itself: `every 15 minutes`, `every day at 06:30`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

_EVERY = re.compile(r"every (?:(\d+) )?(minute|hour|day|week)s?(?: at (\d{1,2}):(\d{2}))?")
_LENGTH = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday


class Schedule(BaseModel):
    """Ticks every `every`, counted from Monday midnight UTC plus `offset`."""

    model_config = ConfigDict(frozen=True)

    said: str
    every: timedelta
    offset: timedelta = timedelta()

    def last_tick(self, now: datetime) -> datetime:
        """The tick at or before `now`."""
        since = now - _EPOCH - self.offset
        return _EPOCH + self.offset + (since // self.every) * self.every

    def next_tick(self, now: datetime) -> datetime:
        return self.last_tick(now) + self.every

    def is_due(self, *, last: datetime | None, now: datetime) -> bool:
        """Whether a tick has passed since `last`. Ticks missed while nobody ran count as one; a
        `last` to come was told by a clock that was ahead."""
        return last is None or not self.last_tick(now) <= last <= now


def parse_schedule(given: Any) -> Any:
    """Raises ValueError for what is no schedule."""
    if not isinstance(given, str):
        return given
    found = _EVERY.fullmatch(given.strip().lower())
    if found is None:
        raise ValueError("a schedule is `every 15 minutes`, `every 6 hours`, `every day at 06:30`")
    count, unit, hour, minute = found.groups()
    every = int(count or 1) * _LENGTH[unit]
    if every < timedelta(minutes=1):
        raise ValueError("the shortest schedule is `every minute`")
    offset = timedelta()
    if hour is not None:
        if unit not in ("day", "week") or int(hour) > 23 or int(minute) > 59:
            raise ValueError("only days and weeks have a time, from 00:00 to 23:59 UTC")
        offset = timedelta(hours=int(hour), minutes=int(minute))
    return Schedule(said=given.strip(), every=every, offset=offset)


Every = Annotated[Schedule, BeforeValidator(parse_schedule)]

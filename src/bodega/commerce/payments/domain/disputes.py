"""When a dispute's deadline is worth an alarm."""

from datetime import datetime, timedelta

from bodega.contracts.books import DisputeStatus

ALARM_DAYS = (7, 3, 1, 0)
FIRST_ALARM = timedelta(days=ALARM_DAYS[0])
OVER: frozenset[DisputeStatus] = frozenset({"won", "lost", "closed"})


def alarm(due_at: datetime, now: datetime, last: int | None) -> int | None:
    """The alarm that is due and was not given yet: 7, 3, 1 days before, and 0 once it is late."""
    reached = [days for days in ALARM_DAYS if now >= due_at - timedelta(days=days)]
    if not reached or (last is not None and last <= reached[-1]):
        return None
    return reached[-1]

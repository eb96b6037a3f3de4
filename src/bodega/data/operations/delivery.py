"""What is to be told of alerts, to which channel and when: once each, throttled, tried again.

An alert is told when it opens, again every so often while it goes on being raised, and once more
when it is over. One that comes and goes is told at most once a window; one that was over before
anybody heard of it is only kept in the history.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from bodega.contracts.pipelines import Severity
from bodega.data.operations.store import reading, text_of, writing

MAX_ATTEMPTS = 8
CLAIM = timedelta(seconds=120)
Kind = Literal["raised", "repeated", "resolved"]

_UNTOLD = """
select a.id, case
    when a.resolved_at is not null then 'resolved'
    when a.told_at is null then 'raised'
    else 'repeated' end as kind
from alerts a
where (a.resolved_at is not null and a.told_at is not null and not a.told_over)
   or (a.resolved_at is null and a.told_at is null and not exists (
        select 1 from alerts b where b.key = a.key and b.told_at > :window))
   or (a.resolved_at is null and a.told_at <= :window and a.last_at > a.told_at)
order by a.id
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One alert to one channel; `id` stays the same when it is tried again."""

    id: int
    channel: str
    kind: Kind
    key: str
    title: str
    detail: str
    severity: Severity
    count: int
    opened_at: datetime
    resolved_at: datetime | None
    attempts: int


def backoff(attempts: int) -> timedelta:
    """10 s, 20 s, 40 s … 21 minutes."""
    return timedelta(seconds=10 * 2 ** min(attempts - 1, 7))


def announce(
    work: Path, *, channels: Sequence[str], least: Severity, repeat: timedelta, now: datetime
) -> int:
    """Queue what is to be told, a message a channel; how many messages. `least` is the severity
    from which on anybody is told."""
    with reading(work) as con:  # mostly there is nothing: then nothing is locked
        if not _untold(con, repeat, now):
            return 0
    with writing(work) as con:
        queued = 0
        for row in _untold(con, repeat, now):
            loud = least == "warning" or _severity(con, row["id"]) == "error"
            queued += _queue(con, row["id"], row["kind"], channels if loud else (), now)
        return queued


def claim(work: Path, *, now: datetime) -> Message | None:
    """The message that waits longest; nobody else gets it until the claim lapses."""
    due = """select d.id from deliveries d where d.sent_at is null and not d.given_up
             and d.due_at <= :now and d.claimed_until <= :now order by d.due_at, d.id limit 1"""
    at = {"now": text_of(now)}
    with reading(work) as con:
        if con.execute(due, at).fetchone() is None:
            return None
    with writing(work) as con:
        found = con.execute(due, at).fetchone()
        if found is None:
            return None
        until = text_of(now + CLAIM)
        con.execute("update deliveries set claimed_until = ? where id = ?", (until, found["id"]))
        row = con.execute(
            """select d.id, d.channel, d.kind, d.attempts, a.key, a.title, a.detail, a.severity,
                   a.count, a.opened_at, a.resolved_at
               from deliveries d join alerts a on a.id = d.alert_id where d.id = ?""",
            (found["id"],),
        ).fetchone()
        return _message(row)


def delivered(work: Path, message: Message, *, now: datetime) -> None:
    with writing(work) as con:
        con.execute(
            "update deliveries set sent_at = ?, attempts = attempts + 1, failure = '' where id = ?",
            (text_of(now), message.id),
        )


def undelivered(work: Path, message: Message, failure: str, *, now: datetime) -> None:
    """Tried again later, each time later; given up in the end."""
    attempts = message.attempts + 1
    with writing(work) as con:
        con.execute(
            """update deliveries set attempts = ?, failure = ?, due_at = ?, claimed_until = '',
                   given_up = ? where id = ?""",
            (
                attempts,
                failure[:200],
                text_of(now + backoff(attempts)),
                attempts >= MAX_ATTEMPTS,
                message.id,
            ),
        )


def _untold(con: sqlite3.Connection, repeat: timedelta, now: datetime) -> list[sqlite3.Row]:
    return con.execute(_UNTOLD, {"window": text_of(now - repeat)}).fetchall()


def _severity(con: sqlite3.Connection, alert_id: int) -> str:
    found = con.execute("select severity from alerts where id = ?", (alert_id,)).fetchone()
    return str(found["severity"])


def _queue(
    con: sqlite3.Connection, alert_id: int, kind: str, channels: Sequence[str], now: datetime
) -> int:
    at = text_of(now)
    told = "told_over = 1" if kind == "resolved" else "told_at = :at"
    con.execute(f"update alerts set {told} where id = :id", {"at": at, "id": alert_id})
    con.executemany(
        """insert into deliveries (alert_id, channel, kind, created_at, due_at)
           values (?, ?, ?, ?, ?)""",
        [(alert_id, channel, kind, at, at) for channel in channels],
    )
    return len(channels)


def _message(row: sqlite3.Row) -> Message:
    values = dict(row)
    values["opened_at"] = datetime.fromisoformat(values["opened_at"])
    ended = values["resolved_at"]
    values["resolved_at"] = datetime.fromisoformat(ended) if ended else None
    return Message(**values)

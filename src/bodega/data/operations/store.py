"""The file behind runs and alerts: opened for one thing at a time, safe to share and to kill."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

FILE = "operations.sqlite3"
PATIENCE_SECONDS = 10.0

_VERSIONS = (
    (
        """create table alerts (
            id integer primary key, key text not null, title text not null, detail text not null,
            severity text not null, count integer not null, opened_at text not null,
            last_at text not null, resolved_at text, told_at text,
            told_over integer not null default 0
        )""",
        "create unique index alerts_open on alerts (key) where resolved_at is null",
        """create table deliveries (
            id integer primary key, alert_id integer not null references alerts on delete cascade,
            channel text not null, kind text not null, created_at text not null,
            due_at text not null, claimed_until text not null default '',
            attempts integer not null default 0, sent_at text, given_up integer not null default 0,
            failure text not null default ''
        )""",
        "create index deliveries_due on deliveries (due_at) where sent_at is null and not given_up",
        "create index deliveries_of on deliveries (alert_id)",
        """create table runs (
            id text primary key, kind text not null, name text not null, trigger text not null,
            state text not null, started_at text not null, ended_at text, seconds real,
            rows integer, bytes integer, failing_step text, detail text not null,
            pid integer not null, host text not null
        )""",
        "create index runs_by_time on runs (started_at)",
        "create index runs_of_kind on runs (kind, started_at)",
        """create table steps (
            run_id text not null references runs on delete cascade, ordinal integer not null,
            name text not null, kind text not null, state text not null, started_at text,
            seconds real, rows integer, bytes integer, detail text not null,
            primary key (run_id, ordinal)
        ) without rowid""",
        """create table logs (
            run_id text not null references runs on delete cascade, ordinal integer not null,
            at text not null, step text not null, level text not null, text text not null,
            primary key (run_id, ordinal)
        ) without rowid""",
    ),
)


@contextmanager
def reading(work: Path) -> Iterator[sqlite3.Connection]:
    """What is there; nothing when nothing was ever written."""
    if not (work / FILE).exists():
        con = _connect(":memory:")
        _migrate(con)
    else:
        con = _open(work)
    try:
        yield con
    finally:
        con.close()


@contextmanager
def writing(work: Path) -> Iterator[sqlite3.Connection]:
    """All of the block or nothing of it."""
    work.mkdir(parents=True, exist_ok=True)
    con = _open(work)
    try:
        con.execute("begin immediate")
        try:
            yield con
        except BaseException:
            con.execute("rollback")
            raise
        con.execute("end")
    finally:
        con.close()


def text_of(at: datetime) -> str:
    """UTC with microseconds, so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _open(work: Path) -> sqlite3.Connection:
    con = _connect(str(work / FILE))
    if con.execute("pragma user_version").fetchone()[0] < len(_VERSIONS):
        con.execute("pragma journal_mode = wal")
        _migrate(con)
    con.execute("pragma synchronous = normal")
    return con


def _connect(place: str) -> sqlite3.Connection:
    con = sqlite3.connect(place, timeout=PATIENCE_SECONDS, isolation_level=None)
    con.row_factory = sqlite3.Row
    con.execute("pragma foreign_keys = on")
    return con


def _migrate(con: sqlite3.Connection) -> None:
    con.execute("begin immediate")
    version = con.execute("pragma user_version").fetchone()[0]
    for statements in _VERSIONS[version:]:
        for statement in statements:
            con.execute(statement)
    con.execute(f"pragma user_version = {len(_VERSIONS)}")
    con.execute("end")

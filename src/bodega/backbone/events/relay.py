"""The relay: one reader of the outbox's write-ahead log, who writes the event log in commit order.

Slot and publication `bodega_events` carry the outbox's inserts only. An event gets its offset in
the transaction that deletes its outbox row; the slot is confirmed after that. A crash in between
sends the event again, and its `event_id` finds it logged. A lost slot is made anew and whatever
outbox rows are still there are logged first. Rows that no slot will ever send (a crash while a lost
slot healed) are found by a sweep: they were there before a position that has long been read.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, cast
from uuid import UUID

import psycopg

from bodega.backbone.changes.errors import ChangeError, SlotBusy
from bodega.backbone.changes.pgoutput import Commit, Insert, Value
from bodega.backbone.changes.position import parse_lsn
from bodega.backbone.changes.publication import INSERTS, ensure_publication
from bodega.backbone.changes.replication import ReplicationStream
from bodega.backbone.changes.slot import create_slot, drop_slot, inspect_slot
from bodega.backbone.events.partitions import CHANNEL, partition_of
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import RELAYED, SLOT_LAG
from bodega.kernel.events import Envelope

log = get_logger(__name__)

SLOT = "bodega_events"
BATCH = 500
LOOK_SECONDS = 10.0
_READ_SECONDS = 0.5
_UNSEEN_SECONDS = tuple(0.001 * 2**n for n in range(10))  # one second in all, then it is told
_GATHER_SECONDS = 0.15  # between two transactions: events that come close together share one
_COLUMNS = tuple(Envelope.model_fields)
_TYPES = (
    *("uuid", "text", "smallint", "uuid", "timestamptz"),
    *("text", "uuid", "text", "jsonb"),
)
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"%s::{kind}[]" for kind in ("smallint", *_TYPES))

_LOG = f"""
WITH place AS (SELECT coalesce(max("offset"), 0) AS last FROM backbone.event_log),
fresh AS (
    SELECT row_number() OVER (ORDER BY n) AS nth, partition, {_NAMES}
    FROM unnest({_ARRAYS}) WITH ORDINALITY AS e(partition, {_NAMES}, n)
    WHERE NOT EXISTS (SELECT 1 FROM backbone.event_log l WHERE l.event_id = e.event_id)
)
INSERT INTO backbone.event_log ("offset", partition, {_NAMES})
SELECT place.last + nth, partition, {_NAMES} FROM fresh, place
"""
_DELETE = "DELETE FROM backbone.outbox WHERE event_id = ANY(%s::uuid[])"
_SELECT = f"SELECT {', '.join(f'{name}::text' for name in _COLUMNS)} FROM backbone.outbox"
_STRANDED = f"{_SELECT} ORDER BY id LIMIT %s"
_STILL_THERE = f"{_SELECT} WHERE event_id = ANY(%s::uuid[]) ORDER BY id"
_NOW_THERE = "SELECT event_id FROM backbone.outbox ORDER BY id LIMIT %s"
_PARTITIONS = "SELECT max(partition) + 1 FROM backbone.consumer_positions"
_WRITTEN = "SELECT pg_current_wal_insert_lsn()::text"

Connection = psycopg.Connection[tuple[object, ...]]
Record = Sequence[Value]


class _Waiting(NamedTuple):
    """What lay in the outbox, and how far the log was written after that look."""

    events: list[str]
    position: int


class Relay:
    """Moves events from outbox to log until told to stop; reconnects by itself."""

    def __init__(self, dsn: str, *, partitions: int, look_seconds: float = LOOK_SECONDS) -> None:
        self._dsn = dsn
        self._look_seconds = look_seconds
        self._partitions = partitions
        self._waiting = _Waiting([], 0)

    def run(self, stop: threading.Event) -> None:
        backoff = 0.1
        while not stop.is_set():
            try:
                self._connected(stop)
                backoff = 0.1
            except SlotBusy:
                log.info("relay_waits", reason="another relay holds the slot")
                stop.wait(1.0)
            except (psycopg.Error, ChangeError, OSError) as error:
                log.warning("relay_interrupted", error=str(error).strip().splitlines()[:1])
                stop.wait(backoff)
                backoff = min(backoff * 2, 5.0)

    def _connected(self, stop: threading.Event) -> None:
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            self._prepare(connection)
            with ReplicationStream(self._dsn, slot=SLOT, publication=SLOT) as stream:
                self._stream(stream, connection, stop)

    def _prepare(self, connection: Connection) -> None:
        """Publication and slot; a lost or new slot leaves no outbox row behind."""
        ensure_publication(
            connection, SLOT, {"backbone.outbox": ["id", *_COLUMNS]}, operations=INSERTS
        )
        in_force = connection.execute(_PARTITIONS).fetchone()
        if in_force and in_force[0]:
            self._partitions = int(str(in_force[0]))
        state = inspect_slot(connection, SLOT)
        if state is not None and not state.lost:
            return
        if state is not None:
            log.warning("relay_slot_lost", wal_status=state.wal_status)
            drop_slot(connection, SLOT)
        create_slot(self._dsn, SLOT)
        while stranded := connection.execute(_STRANDED, [BATCH]).fetchall():
            self._log_events(connection, cast("list[Record]", stranded))

    def _stream(
        self,
        stream: ReplicationStream,
        connection: Connection,
        stop: threading.Event,
    ) -> None:
        pending: list[Record] = []
        open_rows: list[Record] = []
        looked_at = logged_at = 0.0
        while not stop.is_set():
            rest = logged_at + _GATHER_SECONDS - time.monotonic() if pending else _READ_SECONDS
            message = stream.read(max(0.0, rest))
            if isinstance(message, Insert):
                open_rows.append(_ordered(message))
            elif isinstance(message, Commit):
                pending += open_rows
                open_rows = []
            if pending and (message is None or len(pending) >= BATCH):
                self._log_events(connection, pending)
                pending, logged_at = [], time.monotonic()
            if not open_rows and not pending and stream.reached > stream.confirmed:
                stream.confirm(stream.reached)
            if message is None and time.monotonic() - looked_at > self._look_seconds:
                looked_at = time.monotonic()
                self._sweep(connection, read_up_to=stream.confirmed)
                _report_lag(connection)

    def _sweep(self, connection: Connection, *, read_up_to: int) -> None:
        """Log what lay in the outbox at the last look although all before that look is read."""
        if self._waiting.events and read_up_to >= self._waiting.position:
            rows = connection.execute(_STILL_THERE, [self._waiting.events]).fetchall()
            if rows:
                swept = self._log_events(connection, cast("list[Record]", rows))
                log.warning("relay_swept", events=swept, logged_before=len(rows) - swept)
        there = connection.execute(_NOW_THERE, [BATCH]).fetchall()
        written = connection.execute(_WRITTEN).fetchone()
        assert written
        self._waiting = _Waiting([str(row[0]) for row in there], parse_lsn(str(written[0])))

    def _log_events(self, connection: Connection, records: Sequence[Record]) -> int:
        """How many were not in the log yet."""
        for wait in _UNSEEN_SECONDS:
            with suppress(_Unseen):
                return self._move(connection, records, seen=True)
            time.sleep(wait)
        return self._move(connection, records, seen=False)

    def _move(self, connection: Connection, records: Sequence[Record], *, seen: bool) -> int:
        """From outbox to log, in a transaction; with `seen`, raises _Unseen for a row that others
        cannot see yet."""
        partitions = [partition_of(UUID(str(row[3])), self._partitions) for row in records]
        columns = [list(column) for column in zip(*records, strict=True)]
        with connection.transaction():
            logged = connection.execute(_LOG, [partitions, *columns]).rowcount
            deleted = connection.execute(_DELETE, [columns[0]]).rowcount
            if seen and deleted < logged:
                raise _Unseen
            connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        RELAYED.inc(logged)
        return logged


class _Unseen(Exception):
    """An event's transaction is committed and not visible yet."""


def _ordered(message: Insert) -> Record:
    named = message.relation.named(message.new)
    return [named[name] for name in _COLUMNS]


def _report_lag(connection: Connection) -> None:
    with suppress(psycopg.Error):
        state = inspect_slot(connection, SLOT)
        if state is not None:
            SLOT_LAG.labels(SLOT).set(state.retained_bytes)

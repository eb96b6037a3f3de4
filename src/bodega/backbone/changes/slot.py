"""Replication slots: the server's memory of how far a reader has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.errors import UndefinedObject

from bodega.backbone.changes.connection import Connection, ReplicationConnection, identifier
from bodega.backbone.changes.errors import ProtocolError, SlotElsewhere
from bodega.backbone.changes.position import parse_lsn

# Columns differ between versions 15 and 18, hence the JSON.
_STATE = """
SELECT s.active, s.wal_status, to_jsonb(s) ->> 'invalidation_reason', s.database,
       current_database(), s.confirmed_flush_lsn::text,
       coalesce(pg_current_wal_flush_lsn() - s.confirmed_flush_lsn, 0)::bigint,
       coalesce(pg_current_wal_flush_lsn() - s.restart_lsn, 0)::bigint
FROM pg_replication_slots s WHERE s.slot_name = %s
"""


@dataclass(frozen=True, slots=True)
class SlotState:
    """`lag_bytes` are written and not confirmed; `retained_bytes` are kept on disk for it."""

    name: str
    active: bool
    lost: bool
    wal_status: str
    confirmed: int
    lag_bytes: int
    retained_bytes: int


@dataclass(frozen=True, slots=True)
class ExportedSnapshot:
    """Sees exactly the transactions with a commit position at or before `position`."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    system: str
    position: int


def inspect_slot(connection: Connection, name: str) -> SlotState | None:
    """None when there is no such slot. Raises SlotElsewhere for one of another database."""
    row = connection.execute(_STATE, [name]).fetchone()
    if row is None:
        return None
    active, wal_status, invalidated, database, ours, confirmed, lag, retained = row
    if database != ours:
        raise SlotElsewhere(name, str(database))
    return SlotState(
        name=name,
        active=bool(active),
        lost=wal_status == "lost" or invalidated is not None or confirmed is None,
        wal_status=str(wal_status),
        confirmed=parse_lsn(str(confirmed)) if confirmed else 0,
        lag_bytes=int(str(lag)),
        retained_bytes=int(str(retained)),
    )


def create_slot(dsn: str, name: str) -> int:
    """A durable slot; the position from which it streams. Waits for running transactions."""
    connection = ReplicationConnection(dsn)
    try:
        return _create(connection, name, "", "nothing").position
    finally:
        connection.close()


def drop_slot(connection: Connection, name: str) -> None:
    try:
        connection.execute("SELECT pg_drop_replication_slot(%s)", [name])
    except UndefinedObject:
        return


@contextmanager
def exported_snapshot(dsn: str, name: str) -> Iterator[ExportedSnapshot]:
    """A snapshot whose place in the log is known, valid inside the block.

    It comes from a temporary slot: its creation waits until every transaction that ran when it
    began has ended, so whatever another slot did not decode for a table that was not published
    yet is in the snapshot.
    """
    connection = ReplicationConnection(dsn)
    try:
        yield _create(connection, name, "TEMPORARY", "export")
    finally:
        connection.close()


def identify_server(dsn: str) -> ServerIdentity:
    connection = ReplicationConnection(dsn)
    try:
        system, _, position, *_ = connection.command("IDENTIFY_SYSTEM")[0]
    finally:
        connection.close()
    return ServerIdentity((system or b"").decode(), parse_lsn((position or b"0/0").decode()))


def _create(
    connection: ReplicationConnection, name: str, kind: str, snapshot: str
) -> ExportedSnapshot:
    rows = connection.command(
        f"CREATE_REPLICATION_SLOT {identifier(name)} {kind} LOGICAL pgoutput "
        f"(SNAPSHOT '{snapshot}')"
    )
    _, point, exported, *_ = rows[0]
    if point is None:
        raise ProtocolError("The server made a slot without a position")
    # Commits start at or after the consistent point; no commit record starts one byte before it.
    return ExportedSnapshot((exported or b"").decode(), parse_lsn(point.decode()) - 1)

"""Writes pgoutput messages, after PostgreSQL's documentation of their layout."""

import struct

from bodega.backbone.changes.pgoutput import UNCHANGED, Relation, Values

_EPOCH = 946_684_800_000_000


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def begin(commit_lsn: int, committed_at: int = _EPOCH, xid: int = 7) -> bytes:
    return b"B" + struct.pack(">QqI", commit_lsn, committed_at - _EPOCH, xid)


def commit(commit_lsn: int, end_lsn: int, committed_at: int = _EPOCH) -> bytes:
    return b"C" + struct.pack(">BQQq", 0, commit_lsn, end_lsn, committed_at - _EPOCH)


def relation(described: Relation) -> bytes:
    head = b"R" + struct.pack(">I", described.id) + text(described.schema) + text(described.name)
    columns = b"".join(
        bytes([column.is_key])
        + text(column.name)
        + struct.pack(">Ii", column.type_oid, column.modifier)
        for column in described.columns
    )
    identity = described.replica_identity.encode()
    return head + identity + struct.pack(">H", len(described.columns)) + columns


def values(row: Values) -> bytes:
    cells = []
    for value in row:
        if value is None:
            cells.append(b"n")
        elif value is UNCHANGED:
            cells.append(b"u")
        else:
            data = str(value).encode()
            cells.append(b"t" + struct.pack(">I", len(data)) + data)
    return struct.pack(">H", len(row)) + b"".join(cells)


def insert(oid: int, new: Values) -> bytes:
    return b"I" + struct.pack(">I", oid) + b"N" + values(new)


def update(oid: int, new: Values, *, key: Values | None = None, old: Values | None = None) -> bytes:
    before = b"K" + values(key) if key else b"O" + values(old) if old else b""
    return b"U" + struct.pack(">I", oid) + before + b"N" + values(new)


def delete(oid: int, *, key: Values | None = None, old: Values | None = None) -> bytes:
    before = b"K" + values(key) if key else b"O" + values(old or [])
    return b"D" + struct.pack(">I", oid) + before


def truncate(*oids: int, options: int = 0) -> bytes:
    ids = b"".join(struct.pack(">I", oid) for oid in oids)
    return b"T" + struct.pack(">IB", len(oids), options) + ids

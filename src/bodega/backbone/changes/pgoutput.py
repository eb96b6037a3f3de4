"""Decodes PostgreSQL's logical replication messages (pgoutput, protocol 1 and 2 unstreamed).

Source of the layouts: PostgreSQL documentation, "Logical Replication Message Formats".
"""

from collections.abc import Callable
from enum import Enum
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class
from typing import Final, Literal, NamedTuple

from bodega.backbone.changes.errors import ProtocolError

_UNIX_TO_POSTGRES_MICROSECONDS: Final = 946_684_800_000_000
_SHORT = Struct(">H")
_BEGIN = Struct(">QqI")
_COMMIT = Struct(">BQQq")
_COLUMN = Struct(">Ii")
_UNSIGNED = Struct(">I")
_VALUE = Struct(">BI").unpack_from
_NULL, _TEXT, _UNCHANGED = b"ntu"
# A null as the last value leaves fewer bytes than `_VALUE` reads at once.
_PADDING = b"\0\0\0\0"


class _Marker(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Final = _Marker.UNCHANGED
"""A value stored out of line (TOAST) that an update did not touch: the log does not have it."""

Value = str | None | Literal[_Marker.UNCHANGED]
Values = list[Value]


class Column(NamedTuple):
    name: str
    type_oid: int
    modifier: int
    is_key: bool


class Relation(NamedTuple):
    """A table as published: the columns that are not published are not there."""

    id: int
    schema: str
    name: str
    replica_identity: str
    columns: tuple[Column, ...]

    @property
    def qualified_name(self) -> str:
        return f"{self.schema}.{self.name}"

    def named(self, values: Values) -> dict[str, Value]:
        return {column.name: value for column, value in zip(self.columns, values, strict=True)}


class Begin(NamedTuple):
    commit_lsn: int
    committed_at: int  # microseconds since 1970
    xid: int


class Commit(NamedTuple):
    commit_lsn: int
    end_lsn: int
    committed_at: int  # microseconds since 1970


class Insert(NamedTuple):
    relation: Relation
    new: Values


class Update(NamedTuple):
    """`old` is there for a changed key, or in full with replica identity full (`old_is_key`)."""

    relation: Relation
    old: Values | None
    old_is_key: bool
    new: Values


class Delete(NamedTuple):
    relation: Relation
    old: Values
    old_is_key: bool


class Truncate(NamedTuple):
    relations: tuple[Relation, ...]
    cascade: bool
    restart_identity: bool


class CustomType(NamedTuple):
    oid: int
    schema: str
    name: str


class Origin(NamedTuple):
    commit_lsn: int
    name: str


class LogicalMessage(NamedTuple):
    transactional: bool
    lsn: int
    prefix: str
    content: bytes


Message = (
    Begin
    | Commit
    | Relation
    | CustomType
    | Insert
    | Update
    | Delete
    | Truncate
    | Origin
    | LogicalMessage
)


class Decoder:
    """Bytes to messages. Remembers relations, which the server describes before their first use."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._readers: dict[int, Callable[[bytes], Message]] = {
            ord("B"): _begin,
            ord("C"): _commit,
            ord("R"): self._relation,
            ord("Y"): _custom_type,
            ord("I"): self._insert,
            ord("U"): self._update,
            ord("D"): self._delete,
            ord("T"): self._truncate,
            ord("O"): _origin,
            ord("M"): _logical_message,
        }

    def decode(self, payload: bytes) -> Message:
        """One message. Raises ProtocolError for bytes that are not one."""
        reader = self._readers.get(payload[0]) if payload else None
        if reader is None:
            raise ProtocolError(f"Unknown replication message {payload[:1]!r}")
        try:
            return reader(payload + _PADDING)
        except (IndexError, ValueError, StructError) as error:
            raise ProtocolError(f"Broken replication message {payload[:1]!r}: {error}") from error

    def _known(self, data: bytes, at: int) -> Relation:
        (oid,) = _UNSIGNED.unpack_from(data, at)
        try:
            return self._relations[oid]
        except KeyError:
            raise ProtocolError(f"Relation {oid} was never described") from None

    def _relation(self, data: bytes) -> Relation:
        (oid,) = _UNSIGNED.unpack_from(data, 1)
        schema, at = _text(data, 5)
        name, at = _text(data, at)
        identity = chr(data[at])
        (count,) = _SHORT.unpack_from(data, at + 1)
        at += 3
        columns = []
        for _ in range(count):
            is_key = bool(data[at] & 1)
            column, at = _text(data, at + 1)
            type_oid, modifier = _COLUMN.unpack_from(data, at)
            at += 8
            columns.append(Column(column, type_oid, modifier, is_key))
        # An empty schema on the wire is pg_catalog.
        relation = Relation(oid, schema or "pg_catalog", name, identity, tuple(columns))
        self._relations[oid] = relation
        return relation

    def _insert(self, data: bytes) -> Insert:
        return Insert(self._known(data, 1), read_values(data, 6)[0])

    def _update(self, data: bytes) -> Update:
        relation = self._known(data, 1)
        kind = data[5]
        if kind == ord("N"):
            return Update(relation, None, False, read_values(data, 6)[0])
        old, at = read_values(data, 6)
        return Update(relation, old, kind == ord("K"), read_values(data, at + 1)[0])

    def _delete(self, data: bytes) -> Delete:
        return Delete(self._known(data, 1), read_values(data, 6)[0], data[5] == ord("K"))

    def _truncate(self, data: bytes) -> Truncate:
        (count,) = _UNSIGNED.unpack_from(data, 1)
        relations = tuple(self._known(data, 6 + 4 * index) for index in range(count))
        return Truncate(relations, bool(data[5] & 1), bool(data[5] & 2))


def read_values(data: bytes, at: int) -> tuple[Values, int]:
    """A tuple's values and where it ends. `data` is padded, see `_PADDING`."""
    (count,) = _SHORT.unpack_from(data, at)
    at += 2
    values: Values = []
    for _ in range(count):
        kind, length = _VALUE(data, at)
        if kind == _TEXT:
            at += 5
            end = at + length
            if end > len(data) - 4:
                raise ProtocolError("A value is longer than its message")
            values.append(str(data[at:end], "utf-8"))
            at = end
        elif kind == _NULL:
            values.append(None)
            at += 1
        elif kind == _UNCHANGED:
            values.append(UNCHANGED)
            at += 1
        else:
            raise ProtocolError(f"A value of unknown kind {chr(kind)!r}: binary was not asked for")
    return values, at


def _begin(data: bytes) -> Begin:
    lsn, committed_at, xid = _BEGIN.unpack_from(data, 1)
    return Begin(lsn, committed_at + _UNIX_TO_POSTGRES_MICROSECONDS, xid)


def _commit(data: bytes) -> Commit:
    _, lsn, end, committed_at = _COMMIT.unpack_from(data, 1)
    return Commit(lsn, end, committed_at + _UNIX_TO_POSTGRES_MICROSECONDS)


def _custom_type(data: bytes) -> CustomType:
    (oid,) = _UNSIGNED.unpack_from(data, 1)
    schema, at = _text(data, 5)
    name, _ = _text(data, at)
    return CustomType(oid, schema, name)


def _origin(data: bytes) -> Origin:
    return Origin(int.from_bytes(data[1:9], "big"), _text(data, 9)[0])


def _logical_message(data: bytes) -> LogicalMessage:
    prefix, at = _text(data, 10)
    (length,) = _UNSIGNED.unpack_from(data, at)
    content = data[at + 4 : at + 4 + length]
    return LogicalMessage(bool(data[1] & 1), int.from_bytes(data[2:10], "big"), prefix, content)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    return data[at:end].decode(), end + 1

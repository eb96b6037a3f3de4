"""Decoded messages to changes, and changes to batches of whole transactions."""

from collections.abc import Callable, Mapping, Sequence

from bodega.backbone.changes.envelope import Change, Op, RowEncoder
from bodega.backbone.changes.pgoutput import (
    Begin,
    Commit,
    Delete,
    Insert,
    Message,
    Relation,
    Truncate,
    Update,
    Values,
)
from bodega.backbone.changes.sink import Batch

_DEFAULT_IDENTITY = "d"


class Assembler:
    """Collects changes until they are taken. Pure: the same messages give the same changes.

    `primary_keys` names the tables that are wanted, with their keys. Every row message counts in
    its transaction's sequence, wanted or not, so that a place means the same at every reading.
    """

    def __init__(self, primary_keys: Mapping[str, Sequence[str]], *, position: int = 0) -> None:
        self._primary_keys = primary_keys
        self._position = position
        self._end_lsn = 0
        self._commit_lsn = 0
        self._ts_ms = 0
        self._txid = 0
        self._sequence = 0
        self._inside = False
        self._encoders: dict[int, RowEncoder] = {}
        self._readers: dict[type, Callable[..., None]] = {
            Begin: self._begin,
            Commit: self._commit,
            Insert: self._insert,
            Update: self._update,
            Delete: self._delete,
            Truncate: self._truncate,
        }
        self._start_batch()

    def _start_batch(self) -> None:
        self._changes: dict[str, list[Change]] = {}
        self._committed_ms = 0
        self.rows = 0
        self.size = 0

    @property
    def inside_transaction(self) -> bool:
        return self._inside

    @property
    def empty(self) -> bool:
        """Nothing collected and no transaction open."""
        return not self.rows and not self._inside

    def add(self, message: Message) -> None:
        reader = self._readers.get(type(message))
        if reader is not None:
            reader(message)

    def take(self) -> Batch:
        """All that was collected; complete up to the last commit seen."""
        batch = Batch(
            changes=self._changes,
            position=self._position,
            open_position=self._commit_lsn if self._inside else 0,
            end_lsn=self._end_lsn,
            committed_ms=self._committed_ms,
        )
        self._start_batch()
        return batch

    def _begin(self, message: Begin) -> None:
        self._inside = True
        self._commit_lsn = message.commit_lsn
        self._ts_ms = message.committed_at // 1000
        self._txid = message.xid
        self._sequence = 0

    def _commit(self, message: Commit) -> None:
        self._inside = False
        self._position = message.commit_lsn
        self._end_lsn = message.end_lsn
        self._committed_ms = self._ts_ms

    def _insert(self, message: Insert) -> None:
        encoder = self._encoder(message.relation)
        self._put(encoder.table, "c", encoder.key(message.new), None, encoder.row(message.new))

    def _update(self, message: Update) -> None:
        """A changed key is a delete and a create, as in Debezium: keys never turn into others."""
        encoder = self._encoder(message.relation)
        row, key = encoder.row(message.new), encoder.key(message.new)
        before = self._before(encoder, message.old, is_key=message.old_is_key)
        old_key = encoder.key(message.old) if message.old is not None else key
        if old_key == key:
            self._put(encoder.table, "u", key, before, row)
        else:
            self._put(encoder.table, "d", old_key, before)
            self._put(encoder.table, "c", key, None, row)

    def _delete(self, message: Delete) -> None:
        encoder = self._encoder(message.relation)
        before = self._before(encoder, message.old, is_key=message.old_is_key)
        self._put(encoder.table, "d", encoder.key(message.old), before)

    def _truncate(self, message: Truncate) -> None:
        for relation in message.relations:
            self._put(relation.qualified_name, "t", None)

    def _before(self, encoder: RowEncoder, old: Values | None, *, is_key: bool) -> str | None:
        if old is None:
            return None
        return encoder.key(old) if is_key else encoder.row(old)[0]

    def _encoder(self, relation: Relation) -> RowEncoder:
        encoder = self._encoders.get(relation.id)
        if encoder is None or encoder.relation is not relation:
            encoder = self._encoders[relation.id] = self._new_encoder(relation)
        return encoder

    def _new_encoder(self, relation: Relation) -> RowEncoder:
        marked = relation.replica_identity == _DEFAULT_IDENTITY
        key = () if marked else self._primary_keys.get(relation.qualified_name, ())
        return RowEncoder(relation, key)

    def _put(
        self,
        table: str,
        op: Op,
        key: str | None,
        before: str | None = None,
        row: tuple[str | None, tuple[str, ...]] = (None, ()),
    ) -> None:
        self._sequence += 1
        if table not in self._primary_keys:
            return
        place = (self._ts_ms, self._txid, self._commit_lsn, self._sequence)
        after, unchanged = row
        change = Change(table, op, key, before, after, unchanged, *place)
        self._changes.setdefault(table, []).append(change)
        self.rows += 1
        self.size += len(after) if after else 0

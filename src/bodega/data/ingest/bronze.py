"""Keeps changes in bronze: append-only Delta tables of Debezium envelopes, each change once."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.errors import SinkIncomplete, SinkUnavailable
from bodega.backbone.changes.sink import Batch, Checkpoint, Kept
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.paths import FEED_STATE, bronze_path, feed_state
from bodega.data.lake.policy import BRONZE, LayerPolicy
from bodega.data.lake.storage import LakeRoot

SOURCE = "shop"
COMPLETE = "bodega_changes"
OPEN = "bodega_changes_open"
OPEN_SEQUENCE = "bodega_changes_open_sequence"

SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("unchanged", pa.list_(pa.string())),
        ("ts_ms", pa.int64()),
        ("txid", pa.int64()),
        ("_source", pa.string()),
        ("_position", pa.int64()),
        ("_sequence", pa.int32()),
        ("_op", pa.string()),
        ("_ingested_at", pa.timestamp("us", tz="UTC")),
    ]
)


class BronzeSink:
    """A `Sink` for the change feed; see the package for the promises."""

    def __init__(
        self, root: LakeRoot, *, source: str = SOURCE, policy: LayerPolicy = BRONZE
    ) -> None:
        self._root = root
        self._policy = policy
        self._source = source
        self._tables: dict[str, AppendOnlyTable] = {}
        self._kept: dict[str, Kept] = {}

    def checkpoint(self) -> Checkpoint:
        self._kept.clear()
        try:
            saved = self._root.read_json(feed_state(self._source)) or {}
            tables = {t: int(at) for t, at in saved.get("tables", {}).items() if self._has(t)}
        except LakeUnavailable as error:
            raise SinkUnavailable(str(error)) from error
        return Checkpoint(
            system=str(saved.get("system", "")),
            position=int(saved.get("position", 0)),
            confirmed=int(saved.get("confirmed", 0)),
            tables=tables,
        )

    def save(self, checkpoint: Checkpoint) -> None:
        content = {
            "system": checkpoint.system,
            "position": checkpoint.position,
            "confirmed": checkpoint.confirmed,
            "tables": dict(checkpoint.tables),
        }
        try:
            self._root.write_json(feed_state(self._source), content)
        except LakeUnavailable as error:
            raise SinkUnavailable(str(error)) from error

    def write(self, batch: Batch) -> None:
        for name, changes in batch.changes.items():
            try:
                self._write(name, changes, batch)
            except LakeUnavailable as error:
                self._kept.pop(name, None)
                raise SinkUnavailable(str(error)) from error

    def rest(self) -> None:
        """Tidy one table at most: new changes may come at any time."""
        for table in self._tables.values():
            if table.wants_compaction:
                self._compact(table)
                return

    def _write(self, name: str, changes: Sequence[Change], batch: Batch) -> None:
        table = self._open(name, create=batch.fresh)
        kept = self._kept.get(name) or _read_kept(table)
        lacking = kept.lacking(changes)
        after = kept.after(lacking, batch)
        if lacking or batch.fresh:
            table.append(envelope_table(lacking, self._source), _transactions(after))
            self._kept[name] = after
        if table.compaction_overdue:
            self._compact(table)

    def _open(self, name: str, *, create: bool) -> AppendOnlyTable:
        table = self._table(name)
        if not table.exists():
            if not create:
                raise SinkIncomplete(f"The bronze table of {name} is gone: it is copied again")
            table.create()
            self._kept.pop(name, None)
        return table

    def _compact(self, table: AppendOnlyTable) -> None:
        try:
            table.compact()
        except LakeUnavailable as error:
            raise SinkUnavailable(str(error)) from error

    def _has(self, name: str) -> bool:
        return self._table(name).exists()

    def _table(self, name: str) -> AppendOnlyTable:
        if name not in self._tables:
            uri = self._root.uri(bronze_path(self._source, name))
            self._tables[name] = AppendOnlyTable(
                uri, SCHEMA, options=self._root.options, policy=self._policy
            )
        return self._tables[name]


def _read_kept(table: AppendOnlyTable) -> Kept:
    versions = (table.transaction(name) for name in (COMPLETE, OPEN, OPEN_SEQUENCE))
    return Kept(*(-1 if version is None else version for version in versions))


def _transactions(kept: Kept) -> dict[str, int]:
    versions = {COMPLETE: kept.complete}
    if kept.open_position > kept.complete:
        versions |= {OPEN: kept.open_position, OPEN_SEQUENCE: kept.open_sequence}
    return versions


def envelope_table(changes: Iterable[Change], source: str) -> pa.Table:
    """Changes as columns, in bronze's schema."""
    rows = list(changes)
    if not rows:
        return SCHEMA.empty_table()
    _, ops, keys, befores, afters, unchanged, ts_ms, txids, lsns, sequences = zip(
        *rows, strict=True
    )
    size = len(rows)
    columns = [
        *(keys, befores, afters, unchanged, ts_ms, txids),
        *([source] * size, lsns, sequences, ops, [datetime.now(UTC)] * size),
    ]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, SCHEMA.types, strict=True)]
    return pa.table(arrays, schema=SCHEMA)


def complete_position(root: LakeRoot) -> int:
    """The position up to which bronze holds every transaction of the shop as a whole; 0: none."""
    saved = root.read_json(FEED_STATE) or {}
    return int(saved.get("position", 0))

"""A sink that works, in memory, and what its changes amount to."""

import json
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.errors import SinkIncomplete, SinkUnavailable
from bodega.backbone.changes.sink import Batch, Checkpoint, Kept


class MemorySink:
    """Durable as long as the object lives; `broken` makes every write fail."""

    def __init__(self) -> None:
        self.saved = Checkpoint()
        self.changes: dict[str, list[Change]] = {}
        self.batches: list[int] = []
        self.broken = threading.Event()
        self.refused = 0
        self._kept: dict[str, Kept] = {}

    def checkpoint(self) -> Checkpoint:
        return self.saved

    def save(self, checkpoint: Checkpoint) -> None:
        self.saved = checkpoint

    def write(self, batch: Batch) -> None:
        if self.broken.is_set():
            self.refused += 1
            raise SinkUnavailable("broken for the test")
        for table, changes in batch.changes.items():
            if table not in self.changes and not batch.fresh:
                raise SinkIncomplete(table)
            kept = self._kept.get(table, Kept())
            lacking = kept.lacking(changes)
            self.changes.setdefault(table, []).extend(lacking)
            self._kept[table] = kept.after(lacking, batch)
        self.batches.append(batch.rows)

    def rest(self) -> None:
        pass

    def of(self, table: str) -> list[Change]:
        return self.changes.get(table, [])

    def ops(self, table: str) -> str:
        return "".join(change.op for change in self.of(table))

    def state(self, table: str) -> dict[str, dict[str, Any]]:
        return effect(self.of(table))


def effect(changes: Iterable[Change]) -> dict[str, dict[str, Any]]:
    """The table that the changes describe, by the key's JSON; unchanged values are kept."""
    rows: dict[str, dict[str, Any]] = {}
    for change in sorted(changes, key=lambda change: (change.lsn, change.sequence)):
        if change.op == "t":
            rows.clear()
        elif change.op == "d":
            rows.pop(str(change.key), None)
        else:
            after = json.loads(str(change.after))
            old = rows.get(str(change.key), {})
            rows[str(change.key)] = after | {name: old[name] for name in change.unchanged}
    return rows


def places_are_unique(changes: Iterable[Change]) -> bool:
    counts = Counter((change.lsn, change.sequence) for change in changes)
    return all(count == 1 for count in counts.values())

"""What a change feed writes to, and what it has to remember for the feed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bodega.backbone.changes.envelope import Change

NEVER = -1


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes by table, in order. `position` is complete once this batch is kept; a transaction
    that goes on in the next batch has its commit at `open_position` (else 0).

    `fresh` batches begin a table anew (a snapshot): the sink makes the table if it has none.
    """

    changes: Mapping[str, Sequence[Change]]
    position: int
    open_position: int = 0
    end_lsn: int = 0
    committed_ms: int = 0
    fresh: bool = False

    @property
    def rows(self) -> int:
        return sum(len(changes) for changes in self.changes.values())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`tables` says at which position each table was copied; NEVER: begun and not finished.

    The server is told to forget what lies before `confirmed` only after that has been saved: a
    slot that is further on has forgotten changes that this sink never had (it was put back).
    """

    system: str = ""
    position: int = 0
    confirmed: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)

    def copied(self, tables: Iterable[str]) -> frozenset[str]:
        return frozenset(t for t in tables if self.tables.get(t, NEVER) != NEVER)

    def highest(self) -> int:
        return max([self.position, *self.tables.values()])

    def forgetting(self, tables: Iterable[str]) -> "Checkpoint":
        """As if those tables had never been copied to the end."""
        known = [table for table in tables if table in self.tables]
        return replace(self, tables={**self.tables, **dict.fromkeys(known, NEVER)})

    def begun(self, table: str) -> "Checkpoint":
        return replace(self, tables={**self.tables, table: NEVER})

    def finished(self, table: str, position: int) -> "Checkpoint":
        return replace(self, tables={**self.tables, table: position})

    def at(self, position: int, confirmed: int) -> "Checkpoint":
        return replace(
            self,
            position=max(self.position, position),
            confirmed=max(self.confirmed, confirmed),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What a table durably holds: everything to `complete`, and a part of one transaction.

    A sink that records this with each write takes every change once.
    """

    complete: int = NEVER
    open_position: int = NEVER
    open_sequence: int = NEVER

    def has(self, change: Change) -> bool:
        if change.lsn <= self.complete:
            return True
        return change.lsn == self.open_position and change.sequence <= self.open_sequence

    def lacking(self, changes: Sequence[Change]) -> Sequence[Change]:
        """The changes that are not there yet; they come in order."""
        if not changes or not self.has(changes[0]):
            return changes
        return [change for change in changes if not self.has(change)]

    def after(self, changes: Sequence[Change], batch: Batch) -> "Kept":
        complete = max(self.complete, batch.position)
        if changes and changes[NEVER].lsn == batch.open_position:
            return Kept(complete, batch.open_position, changes[NEVER].sequence)
        return Kept(complete, self.open_position, self.open_sequence)


class Sink(Protocol):
    """Keeps batches for good. Every method raises SinkUnavailable when it cannot now.

    After a crash the feed offers changes again that the sink may already have: it takes each
    (table, lsn, sequence) once. Positions of a table never fall.
    """

    def checkpoint(self) -> Checkpoint:
        """What was saved last, without tables that the sink has lost since."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint, atomically."""

    def write(self, batch: Batch) -> None:
        """Durable when it returns. Raises SinkIncomplete when a table that is not fresh is gone."""

    def rest(self) -> None:
        """Nothing is waiting: a good time to tidy up, briefly."""

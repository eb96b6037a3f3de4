"""Copies tables as they stand into the sink, each at a known place in the log."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice

from bodega.backbone.changes.envelope import Change, RowEncoder
from bodega.backbone.changes.pgoutput import Values
from bodega.backbone.changes.publication import PublishedTable
from bodega.backbone.changes.sink import Batch
from bodega.backbone.changes.slot import ExportedSnapshot, exported_snapshot
from bodega.backbone.changes.snapshot import inside, read_rows

Deliver = Callable[[Batch], None]


def copy_tables(
    dsn: str,
    *,
    slot: str,
    tables: Iterable[PublishedTable],
    known: Callable[[str], bool],
    begin: Callable[[str], None],
    deliver: Deliver,
    finish: Callable[[str, int], None],
    rows: int,
) -> None:
    """Deliver every row of `tables` as batches of at most `rows`, all at one snapshot.

    A table that the sink already `known`s is emptied first (`t`): rows that went while nobody
    listened are gone. The last batch of a table carries its position, even without rows.
    """
    with exported_snapshot(dsn, slot) as snapshot, inside(dsn, snapshot) as connection:
        for table in tables:
            again = known(table.name)
            begin(table.name)
            # Closed before the transaction, which could not end while a COPY runs.
            with closing(read_rows(connection, table)) as values:
                changes = _changes(table, values, snapshot, again=again)
                _deliver_all(table.name, changes, snapshot, deliver, rows)
            finish(table.name, snapshot.position)


def _deliver_all(
    table: str, changes: Iterator[Change], snapshot: ExportedSnapshot, deliver: Deliver, rows: int
) -> None:
    chunk = list(islice(changes, rows))
    while following := list(islice(changes, rows)):
        deliver(Batch({table: chunk}, position=0, open_position=snapshot.position, fresh=True))
        chunk = following
    deliver(Batch({table: chunk}, position=snapshot.position, fresh=True))


def _changes(
    table: PublishedTable, rows: Iterable[Values], snapshot: ExportedSnapshot, *, again: bool
) -> Iterator[Change]:
    encoder = RowEncoder(table.relation, table.primary_key)
    now, position = int(time.time() * 1000), snapshot.position
    if again:
        yield Change(table.name, "t", None, None, None, (), now, 0, position, 0)
    for sequence, values in enumerate(rows, start=1):
        after, _ = encoder.row(values)
        key = encoder.key(values)
        yield Change(table.name, "r", key, None, after, (), now, 0, position, sequence)

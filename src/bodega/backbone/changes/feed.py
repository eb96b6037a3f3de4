"""The change feed: copy what is there, then stream what happens, over crashes of either side."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import psycopg

from bodega.backbone.changes.assembler import Assembler
from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.changes.copying import copy_tables
from bodega.backbone.changes.errors import (
    ChangeError,
    ForeignDatabase,
    Interrupted,
    PublicationDrift,
    SinkUnavailable,
)
from bodega.backbone.changes.publication import Plan, apply_publication, plan_publication
from bodega.backbone.changes.replication import ReplicationStream
from bodega.backbone.changes.sink import Batch, Checkpoint, Sink
from bodega.backbone.changes.slot import (
    SlotState,
    create_slot,
    drop_slot,
    identify_server,
    inspect_slot,
)
from bodega.backbone.changes.status import FeedStatus, StatusBoard
from bodega.backbone.telemetry.logs import get_logger

log = get_logger(__name__)

Listener = Callable[[int, frozenset[str]], None]
_READ_SECONDS = 0.2
_SHORTEST_WAIT, _LONGEST_WAIT = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class FlushPolicy:
    """Write after `seconds` or `rows`; while more is at hand, up to `catch_up_rows` at once."""

    seconds: float = 5.0
    rows: int = 5_000
    catch_up_rows: int = 50_000
    catch_up_bytes: int = 32 * 1024 * 1024


class ChangeFeed:
    """Runs until told to stop; every failure is logged, waited out and tried again.

    `published` is {"schema.table": columns}. `listener(position, tables)` is called, in the
    feed's thread, whenever a higher position is complete; `tables` have new rows.
    """

    def __init__(
        self,
        dsn: str,
        published: Mapping[str, Sequence[str]],
        sink: Sink,
        *,
        slot: str = "bodega_changes",
        publication: str = "bodega_changes",
        policy: FlushPolicy | None = None,
        listener: Listener | None = None,
        check_seconds: float = 10.0,
    ) -> None:
        self._dsn = dsn
        self._published = published
        self._sink = sink
        self._slot = slot
        self._publication = publication
        self._policy = policy or FlushPolicy()
        self._listener = listener or (lambda _position, _tables: None)
        self._check_seconds = check_seconds
        self._checkpoint = Checkpoint()
        self._wait = _SHORTEST_WAIT
        self._saved_at = 0.0
        self._touched: set[str] = set()
        self._stop = threading.Event()
        self._board = StatusBoard(slot)

    @property
    def status(self) -> FeedStatus:
        return self._board.status()

    def run(self, stop: threading.Event) -> None:
        """Blocks until `stop` is set; what is read and not yet written is read again next time."""
        self._stop = stop
        while not stop.is_set():
            try:
                self._session()
            except PublicationDrift:
                log.info("change_feed_restarts", reason="publication changed")
                self._wait = _SHORTEST_WAIT
            except (psycopg.Error, ChangeError, OSError) as error:
                self._explain(error, self._wait)
            stop.wait(self._wait)
            self._wait = min(self._wait * 2, _LONGEST_WAIT)
        self._board.stopped()

    def _explain(self, error: Exception, wait: float) -> None:
        if not self._stop.is_set():
            self._board.waiting(str(error).strip())
            log.warning("change_feed_waits", error=str(error).strip(), seconds=wait)

    def _session(self) -> None:
        plan = self._prepare()
        self._copy_missing(plan)
        self._stream(plan)

    def _prepare(self) -> Plan:
        """Publication, slot and checkpoint agree afterwards. What the sink would lack because of
        a change made here is forgotten *before* the change, so that no crash leaves a gap."""
        self._checkpoint = self._sink.checkpoint()
        self._claim_database()
        with sql_connection(self._dsn) as connection:
            plan = plan_publication(connection, self._publication, self._published)
            state = inspect_slot(connection, self._slot)
            self._save(self._without_gaps(plan, state))
            apply_publication(connection, plan)
            if state is None or state.lost:
                log.info("change_feed_slot_created", slot=self._slot, lost=state is not None)
                drop_slot(connection, self._slot)
                begins = create_slot(self._dsn, self._slot) + 1
                self._save(self._checkpoint.at(self._checkpoint.position, begins))
        return plan

    def _without_gaps(self, plan: Plan, slot: SlotState | None) -> Checkpoint:
        known = self._checkpoint
        if slot is None or slot.lost:
            return known.forgetting(known.tables)
        if slot.confirmed > known.confirmed:
            return known.forgetting(known.tables).at(known.position, slot.confirmed)
        return known.forgetting(plan.widened | plan.removed)

    def _claim_database(self) -> None:
        server = identify_server(self._dsn)
        known = self._checkpoint
        if known.system and known.system != server.system:
            raise ForeignDatabase(f"it was fed by system {known.system}, this is {server.system}")
        if known.highest() > server.position:
            raise ForeignDatabase("it is ahead of the database, which was restored from the past")
        if not known.system:
            self._save(replace(known, system=server.system))

    def _copy_missing(self, plan: Plan) -> None:
        missing = sorted(plan.tables.keys() - self._checkpoint.copied(plan.tables))
        if not missing:
            return
        self._board.copying()
        log.info("change_feed_copies", tables=missing)
        copy_tables(
            self._dsn,
            slot=f"{self._slot}_copy",
            tables=[plan.tables[name] for name in missing],
            known=lambda table: table in self._checkpoint.tables,
            begin=lambda table: self._save(self._checkpoint.begun(table)),
            deliver=self._write,
            finish=lambda table, at: self._save(self._checkpoint.finished(table, at)),
            rows=self._policy.catch_up_rows,
        )

    def _stream(self, plan: Plan) -> None:
        keys = {name: table.primary_key for name, table in plan.tables.items()}
        assembler = Assembler(keys, position=self._checkpoint.position)
        stream = ReplicationStream(self._dsn, slot=self._slot, publication=self._publication)
        with stream:
            self._board.streaming()
            flush_at = check_at = time.monotonic() + self._policy.seconds
            while not self._stop.is_set():
                message = stream.read(_READ_SECONDS)
                now = time.monotonic()
                if message is not None:
                    if assembler.empty:
                        flush_at = now + self._policy.seconds
                    assembler.add(message)
                if self._is_due(assembler, idle=message is None, late=now >= flush_at):
                    self._flush(assembler.take(), stream)
                    flush_at = time.monotonic() + self._policy.seconds
                elif message is None and assembler.empty:
                    self._rest(stream)
                if now >= check_at:
                    self._check()
                    check_at = now + self._check_seconds

    def _is_due(self, assembler: Assembler, *, idle: bool, late: bool) -> bool:
        policy, rows = self._policy, assembler.rows
        if not rows:
            return False
        full = rows >= policy.catch_up_rows or assembler.size >= policy.catch_up_bytes
        return full or late or (idle and rows >= policy.rows)

    def _flush(self, batch: Batch, stream: ReplicationStream) -> None:
        self._write(batch, stream)
        self._complete(batch.position, batch.end_lsn)
        stream.confirm(batch.end_lsn)
        self._wait = _SHORTEST_WAIT
        self._board.flushed(batch, stream.reached)

    def _write(self, batch: Batch, stream: ReplicationStream | None = None) -> None:
        """Offer the batch until the sink takes it: an outage there costs lag, nothing else."""
        wait = _SHORTEST_WAIT
        while True:
            if self._stop.is_set():
                raise Interrupted
            try:
                self._sink.write(batch)
                break
            except SinkUnavailable as error:
                self._explain(error, wait)
                if stream is not None:
                    stream.report()
                self._stop.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
        self._touched.update(table for table, changes in batch.changes.items() if changes)
        self._board.wrote(batch.rows)

    def _rest(self, stream: ReplicationStream) -> None:
        """Nothing to write: the slot and the complete position go forward with the server."""
        reached = stream.reached
        rested = time.monotonic() - self._saved_at > self._policy.seconds
        if reached > stream.confirmed and (self._touched or rested):
            self._complete(reached - 1, reached)
            stream.confirm(reached)
            self._wait = _SHORTEST_WAIT
        self._board.caught_up()
        self._sink.rest()

    def _complete(self, position: int, confirmed: int) -> None:
        """Comes before `confirm`: the checkpoint is never behind what the server forgets."""
        higher = position > self._checkpoint.position
        self._save(self._checkpoint.at(position, confirmed))
        if higher:
            self._board.completed(position)
            self._listener(position, frozenset(self._touched))
            self._touched.clear()

    def _save(self, checkpoint: Checkpoint) -> None:
        if checkpoint != self._checkpoint:
            self._sink.save(checkpoint)
            self._checkpoint = checkpoint
            self._saved_at = time.monotonic()

    def _check(self) -> None:
        with sql_connection(self._dsn) as connection:
            state = inspect_slot(connection, self._slot)
            plan = plan_publication(connection, self._publication, self._published)
        if state is not None:
            self._board.measured(state)
        if not plan.in_place:
            raise PublicationDrift

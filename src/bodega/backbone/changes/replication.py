"""One slot's stream of decoded messages; whoever reads it confirms what it has kept.

    with ReplicationStream(dsn, slot="bodega_events", publication="bodega_events") as stream:
        while running:
            message = stream.read(timeout=1.0)      # None: nothing new within the time
            ...                                     # keep it durably, then:
            stream.confirm(commit.end_lsn)

After a crash the server sends again every transaction whose commit is not confirmed. When a read
returns None outside a transaction and nothing is left to keep, `confirm(stream.reached)` lets an
idle slot go forward with the rest of the server.
"""

import select
import time
from collections.abc import Iterator
from struct import Struct
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg.errors import ObjectInUse

from bodega.backbone.changes.connection import (
    ReplicationConnection,
    identifier,
    literal,
    raise_if_failed,
)
from bodega.backbone.changes.errors import SlotBusy
from bodega.backbone.changes.pgoutput import Begin, Commit, Decoder, Message
from bodega.backbone.changes.position import format_lsn

_POSTGRES_EPOCH_SECONDS: Final = 946_684_800
_DATA, _KEEPALIVE = b"wk"
_DATA_HEADER: Final = 25
_KEEPALIVE_HEADER = Struct(">BQqB")
_FEEDBACK = Struct(">BQQQqB")
_FEEDBACK_SECONDS: Final = 5.0


class ReplicationStream:
    """Reads one slot. `publication` must exist before the changes that are to be seen."""

    def __init__(self, dsn: str, *, slot: str, publication: str, start: int = 0) -> None:
        self._dsn = dsn
        self._slot = slot
        self._publication = publication
        self._decode = Decoder().decode
        self._confirmed = start
        self._reached = start
        self._inside_transaction = False
        self._reported_at = 0.0

    def __enter__(self) -> Self:
        """Start streaming. Raises SlotBusy, or psycopg's errors (a slot that is lost or gone)."""
        self._connection = ReplicationConnection(self._dsn)
        try:
            self._start()
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def _start(self) -> None:
        publications = literal(identifier(self._publication))
        pgconn = self._connection.pgconn
        result = pgconn.exec_(
            f"START_REPLICATION SLOT {identifier(self._slot)} LOGICAL "
            f"{format_lsn(self._confirmed)} "
            f"(proto_version '1', publication_names {publications})".encode()
        )
        try:
            raise_if_failed(result, pgconn)
        except ObjectInUse:
            raise SlotBusy(self._slot) from None
        pgconn.nonblocking = 1
        self._poll = select.poll()
        self._poll.register(pgconn.socket, select.POLLIN)

    @property
    def confirmed(self) -> int:
        return self._confirmed

    @property
    def reached(self) -> int:
        """All that was committed before this position has been read."""
        return self._confirmed if self._inside_transaction else self._reached

    def fileno(self) -> int:
        """For waiting in an event loop; then read with timeout 0 until None."""
        return self._connection.pgconn.socket

    def messages(self, *, timeout: float = 1.0) -> Iterator[Message | None]:
        """Endless; None whenever nothing came within `timeout` seconds."""
        while True:
            yield self.read(timeout)

    def read(self, timeout: float = 0.0) -> Message | None:
        """The next message, or None after `timeout` seconds. Raises psycopg.OperationalError
        when the connection breaks, ProtocolError for bytes that are no message."""
        pgconn = self._connection.pgconn
        deadline = 0.0
        while True:
            size, data = pgconn.get_copy_data(1)
            if size > 0:
                if data[0] == _DATA:
                    return self._received(bytes(data[_DATA_HEADER:]))
                self._keepalive(bytes(data))
            elif size < 0:
                self._ended()
            else:
                now = time.monotonic()
                self._report_if_due(now)
                deadline = deadline or now + timeout
                if not self._wait(deadline - now):
                    return None

    def confirm(self, position: int) -> None:
        """Every transaction that ends at or before `position` is kept for good."""
        self._confirmed = max(self._confirmed, position)
        self.report()

    def report(self) -> None:
        """Tell the server where we are, and that we live."""
        self._reported_at = time.monotonic()
        now = int((time.time() - _POSTGRES_EPOCH_SECONDS) * 1_000_000)
        seen = max(self._reached, self._confirmed)
        message = _FEEDBACK.pack(ord("r"), seen, self._confirmed, self._confirmed, now, 0)
        pgconn = self._connection.pgconn
        pgconn.put_copy_data(message)
        pgconn.flush()

    def _received(self, payload: bytes) -> Message:
        message = self._decode(payload)
        if type(message) is Begin:
            self._inside_transaction = True
        elif type(message) is Commit:
            self._inside_transaction = False
            self._reached = max(self._reached, message.end_lsn)
        return message

    def _keepalive(self, data: bytes) -> None:
        if data[0] != _KEEPALIVE:
            return
        _, position, _, wants_reply = _KEEPALIVE_HEADER.unpack_from(data)
        if not self._inside_transaction:
            self._reached = max(self._reached, position)
        if wants_reply:
            self.report()

    def _report_if_due(self, now: float) -> None:
        if now - self._reported_at >= _FEEDBACK_SECONDS:
            self.report()

    def _wait(self, seconds: float) -> bool:
        """Fetch what has arrived; False when nothing did in time."""
        if not self._poll.poll(max(seconds, 0.0) * 1000):
            return False
        self._connection.pgconn.consume_input()
        return True

    def _ended(self) -> None:
        result = self._connection.pgconn.get_result()
        if result is not None:
            raise_if_failed(result, self._connection.pgconn)
        raise psycopg.OperationalError("the server has ended the stream")

"""The unit of work: the one place that commits.

What a transaction begins and ends with travels in one round trip each: BEGIN with a command's
claim; its result, the events and COMMIT.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import TextClause, text

from bodega.backbone.db.connection import Absent, Answer, Connection, Statement
from bodega.backbone.db.pool import Pool
from bodega.backbone.db.wire import Values
from bodega.backbone.outbox import INSERT, outbox_rows
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import current_correlation_id
from bodega.backbone.telemetry.metrics import DATABASE_COMMITS
from bodega.kernel.events import Envelope, Event

T = TypeVar("T")

_CLAIM_COMMAND = text(
    """INSERT INTO backbone.commands (command_id, name) VALUES (:id, :name)
       ON CONFLICT DO NOTHING RETURNING 1"""
)
_READ_COMMAND = text("SELECT name, result FROM backbone.commands WHERE command_id = :id")
_RECORD_COMMAND = text(
    "UPDATE backbone.commands SET result = CAST(:result AS jsonb) WHERE command_id = :id"
)
_COMMIT = text("COMMIT")
_PART = text("SAVEPOINT part")
_BACK = text("ROLLBACK TO part")
_RELEASE = text("RELEASE part")


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


class RolledBack(RuntimeError):
    """A failed statement was passed over in silence: PostgreSQL commits nothing of such a
    transaction and does not call that an error."""


class UnitOfWork:
    """One transaction: rows through `connection`, events through `emit`, both or neither."""

    def __init__(
        self,
        connection: Connection,
        *,
        actor: str = "system",
        correlation_id: str | None = None,
        causation_id: UUID | None = None,
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.correlation_id = correlation_id or current_correlation_id()
        self.causation_id = causation_id
        self._events: list[Event] = []
        self._last: list[Statement] = []
        self._after_commit: list[Callable[[], None]] = []

    def emit(self, event: Event) -> None:
        """The event enters the outbox in this transaction."""
        self._events.append(event)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the rows are durable; for caches, never for effects that matter."""
        self._after_commit.append(action)

    async def once(
        self,
        command_id: UUID,
        name: str,
        result: type[T] | Any,
        work: Callable[[], Awaitable[T]],
        *,
        at_once: bool = False,
    ) -> T:
        """Do `work` and record its `result` type's value; the same id again answers the record.

        A second caller with the same id waits for the first one's transaction. Work `at_once` is
        the whole transaction and touches nothing outside it before its first statement: that
        travels with the claim, and is undone when the command turns out to be done already.
        """
        adapter: TypeAdapter[T] = _adapter(result)
        claim = {"id": command_id, "name": name}
        await self.flush()
        claimed = self.connection.ahead(_CLAIM_COMMAND, claim, needed=True)
        try:
            if not at_once:
                await self.connection.flush()
            value = await work()
            if not claimed.settled:
                await self.connection.flush()
        except Absent:
            if at_once:
                await self._undo()
            return await self._recorded(command_id, name, adapter)
        recorded = adapter.dump_json(value).decode()
        self._last.append((_RECORD_COMMAND, {"id": command_id, "result": recorded}))
        return value

    async def _undo(self) -> None:
        self._events, self._last, self._after_commit = [], [], []
        await self.connection.undo()

    async def _recorded(self, command_id: UUID, name: str, adapter: TypeAdapter[T]) -> T:
        row = (await self.connection.execute(_READ_COMMAND, {"id": command_id})).one()
        if row.name != name:
            raise ValueError(f"command {command_id} was {row.name}, not {name}")
        return adapter.validate_python(row.result, strict=False)

    def part(self, cause: Envelope) -> "UnitOfWork":
        """A part of this transaction that an event caused; `join` takes in what it emits."""
        return UnitOfWork(
            self.connection,
            actor=self.actor,
            correlation_id=cause.correlation_id,
            causation_id=cause.event_id,
        )

    def join(self, part: "UnitOfWork") -> None:
        self._last += part._take_last()
        self._after_commit += part._after_commit

    @asynccontextmanager
    async def nested(self, cause: Envelope) -> AsyncIterator["UnitOfWork"]:
        """A part that may fail alone: a savepoint."""
        await self.flush()
        part = self.part(cause)
        await self.connection.send((_PART, {}))
        try:
            yield part
            await self.connection.send(*part._take_last(), (_RELEASE, {}))
        except BaseException:
            self.connection.forget_waiting()
            if not self.connection.raw.closed:
                await self.connection.send((_BACK, {}), (_RELEASE, {}))
            raise
        self.join(part)

    async def flush(self) -> None:
        """Write what was recorded and emitted so far."""
        last = self._take_last()
        if last:
            await self.connection.send(*last)
        else:
            await self.connection.flush()

    async def finish(self, statement: TextClause, values: Values) -> Answer:
        """The last statement, in one round trip with COMMIT; nothing is left to do after it."""
        last = self.connection.ahead(statement, values)
        await self.commit()
        return last.answer

    async def commit(self) -> None:
        """Everything is durable, or an error is raised and nothing is. Called by the database."""
        last = self._take_last()
        if self.connection.resting and not last:
            return
        *_, ended = await self.connection.send(*last, (_COMMIT, {}))
        if ended.command != "COMMIT":
            raise RolledBack
        DATABASE_COMMITS.inc()
        if self.connection.in_transaction():
            await self.connection.commit()  # nothing is left to do but to tell SQLAlchemy

    def _take_last(self) -> list[Statement]:
        last = [*self._last, *((INSERT, row) for row in outbox_rows(self, self._events))]
        self._last, self._events = [], []
        return last

    def committed(self) -> None:
        """Called by the database once the transaction is durable."""
        for action in self._after_commit:
            action()


class Database:
    """Two small pools: one for units of work, one for single reads outside any transaction.

    Reads of another module inside a unit of work take the second pool, so a full first pool never
    waits for itself.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._writing = Pool(settings, size=settings.database_pool, autocommit=False)
        self._reading = Pool(settings, size=settings.database_read_pool, autocommit=True)

    @asynccontextmanager
    async def work(
        self,
        *,
        actor: str = "system",
        correlation_id: str | None = None,
        causation_id: UUID | None = None,
    ) -> AsyncIterator[UnitOfWork]:
        """A unit of work; commits when the block ends well, rolls back when it raises."""
        async with self._writing.connection() as connection:
            uow = UnitOfWork(
                connection,
                actor=actor,
                correlation_id=correlation_id,
                causation_id=causation_id,
            )
            yield uow
            await uow.commit()
        uow.committed()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection in autocommit mode for reads."""
        async with self._reading.connection() as connection:
            yield connection

    async def ping(self) -> None:
        """Raises when the server does not answer."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._writing.close()
        await self._reading.close()

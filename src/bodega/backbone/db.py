"""The database and the unit of work: the one place that commits.

A round trip costs more than most statements, so what a transaction begins and ends with travels in
one pipeline each: BEGIN with a command's claim; its result, the events and COMMIT.
"""

import select
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from pydantic import TypeAdapter
from sqlalchemy import Engine, text
from sqlalchemy import event as hooks
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bodega.backbone.outbox import INSERT, outbox_rows
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import current_correlation_id
from bodega.backbone.telemetry.metrics import DATABASE_CALLS, DATABASE_SECONDS
from bodega.kernel.events import Envelope, Event

T = TypeVar("T")

Statement = tuple[str, Mapping[str, Any]]
_CLAIM_COMMAND = """INSERT INTO backbone.commands (command_id, name) VALUES (%(id)s, %(name)s)
                    ON CONFLICT DO NOTHING RETURNING 1"""
_READ_COMMAND = text("SELECT name, result FROM backbone.commands WHERE command_id = :id")
_RECORD_COMMAND = """UPDATE backbone.commands SET result = CAST(%(result)s AS jsonb)
                     WHERE command_id = %(id)s"""


class RolledBack(RuntimeError):
    """A failed statement was passed over in silence: PostgreSQL commits nothing of such a
    transaction and does not call that an error."""


class UnitOfWork:
    """One transaction: rows through `connection`, events through `emit`, both or neither."""

    def __init__(
        self,
        connection: AsyncConnection,
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
    ) -> T:
        """Do `work` and record its `result` type's value; the same id again answers the record.

        A second caller with the same id waits for the first one's transaction.
        """
        adapter: TypeAdapter[T] = TypeAdapter(result)
        await self.flush()
        (claimed,) = await _pipelined(
            self.connection, [(_CLAIM_COMMAND, {"id": command_id, "name": name})]
        )
        if await claimed.fetchone() is None:
            row = (await self.connection.execute(_READ_COMMAND, {"id": command_id})).one()
            if row.name != name:
                raise ValueError(f"command {command_id} was {row.name}, not {name}")
            return adapter.validate_python(row.result, strict=False)
        value = await work()
        recorded = adapter.dump_json(value).decode()
        self._last.append((_RECORD_COMMAND, {"id": command_id, "result": recorded}))
        return value

    @asynccontextmanager
    async def nested(self, cause: Envelope) -> AsyncIterator["UnitOfWork"]:
        """A part of this transaction that may fail alone (a savepoint), caused by an event."""
        inner = UnitOfWork(
            self.connection,
            actor=self.actor,
            correlation_id=cause.correlation_id,
            causation_id=cause.event_id,
        )
        async with self.connection.begin_nested():
            yield inner
            await inner.flush()
        self._after_commit += inner._after_commit

    async def flush(self) -> None:
        """Write what was recorded and emitted so far."""
        last = self._take_last()
        if last:
            await _pipelined(self.connection, last)

    async def commit(self) -> None:
        """Everything is durable, or an error is raised and nothing is. Called by the database."""
        *_, ended = await _pipelined(self.connection, [*self._take_last(), ("COMMIT", {})])
        if ended.statusmessage != "COMMIT":
            raise RolledBack
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
        self._writing = _engine(settings, size=settings.database_pool, autocommit=False)
        self._reading = _engine(settings, size=settings.database_read_pool, autocommit=True)

    @asynccontextmanager
    async def work(
        self,
        *,
        actor: str = "system",
        correlation_id: str | None = None,
        causation_id: UUID | None = None,
    ) -> AsyncIterator[UnitOfWork]:
        """A unit of work; commits when the block ends well, rolls back when it raises."""
        async with self._writing.connect() as connection:
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
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit mode for reads."""
        async with self._reading.connect() as connection:
            yield connection

    async def ping(self) -> None:
        """Raises when the server does not answer."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._writing.dispose()
        await self._reading.dispose()


def sqlalchemy_url(dsn: str) -> str:
    """`postgresql://…` as SQLAlchemy wants it for psycopg 3."""
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1).replace(
        "postgres://", "postgresql+psycopg://", 1
    )


async def _pipelined(
    connection: AsyncConnection, statements: list[Statement]
) -> list[psycopg.AsyncCursor[Any]]:
    """The cursors of statements that travel together; errors are those of SQLAlchemy."""
    raw: psycopg.AsyncConnection[Any]
    raw = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    try:
        with _timed():
            async with raw.pipeline():
                return [await raw.execute(sql, values or None) for sql, values in statements]
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statements[0][0],
            {},
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=raw.closed,
        ) from error


@contextmanager
def _timed() -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        DATABASE_SECONDS.inc(time.perf_counter() - started)
        DATABASE_CALLS.inc()


def _count(engine: Engine) -> None:
    """Every statement that SQLAlchemy sends adds its time."""

    def sent(*arguments: Any) -> None:
        arguments[4].sent_at = time.perf_counter()

    def answered(*arguments: Any) -> None:
        DATABASE_SECONDS.inc(time.perf_counter() - arguments[4].sent_at)
        DATABASE_CALLS.inc()

    hooks.listen(engine, "before_cursor_execute", sent)
    hooks.listen(engine, "after_cursor_execute", answered)


def _check_alive(connection: Any, _record: object, _proxy: object) -> None:
    """A server that went away has closed the socket, which then reads as ready; no round trip."""
    raw: psycopg.AsyncConnection[Any] = connection.driver_connection
    waiting = select.poll()
    if not raw.closed:
        waiting.register(raw.fileno(), select.POLLIN)
    if raw.closed or waiting.poll(0):
        raise DisconnectionError("The server has closed this connection")


def _engine(settings: Settings, *, size: int, autocommit: bool) -> AsyncEngine:
    # Nothing is open after an autocommit read, so a returned connection needs no ROLLBACK.
    alone: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
    extra = alone if autocommit else {}
    engine = create_async_engine(
        sqlalchemy_url(settings.dsn),
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # an error's text reaches the logs; personal data must not
        pool_recycle=1800,
        connect_args={
            "prepare_threshold": 3,
            "application_name": f"bodega-{settings.process}",
            "connect_timeout": 5,
        },
        **extra,
    )
    hooks.listen(engine.sync_engine, "checkout", _check_alive)
    _count(engine.sync_engine)
    return engine

"""A connection whose written statements go straight to the driver.

SQLAlchemy's way of executing costs three times what the driver itself does, so `text` passes it by
and only what is built of its constructs goes through it. A round trip costs more than most
statements do: those whose answer nobody needs wait for the next one and travel with it.
"""

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, TextClause
from sqlalchemy import event as hooks
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncResult,
    create_async_engine,
)
from sqlalchemy.ext.asyncio.base import asyncstartablecontext
from sqlalchemy.pool import NullPool

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.metrics import DATABASE_CALLS, DATABASE_SECONDS

Cursor = psycopg.AsyncCursor[Any]
Values = Mapping[str, Any]
Statement = tuple[str, Values]
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_written: WeakKeyDictionary[TextClause, str] = WeakKeyDictionary()


class Answer(IteratorResult[Any]):
    """The rows of a statement, and how many it touched."""

    def __init__(self, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]], count: int) -> None:
        super().__init__(_shape(names), iter(rows))
        self.rowcount = count


@lru_cache(maxsize=2000)
def _shape(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)


def written(statement: TextClause) -> str:
    """As the driver spells it."""
    sql = _written.get(statement)
    if sql is None:
        sql = _written[statement] = str(statement.compile(dialect=_DIALECT))
    return sql


class Connection(AsyncConnection):
    """One of a pool's connections, in one pair of hands at a time."""

    raw: psycopg.AsyncConnection[Any]
    opened: float

    async def open(self) -> "Connection":
        await self.start()
        self.raw = (await self.get_raw_connection()).driver_connection  # type: ignore[assignment]
        self.opened = time.monotonic()
        self._waiting: list[Statement] = []
        return self

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        if type(statement) is not TextClause:
            await self.flush()
            return await super().execute(statement, parameters, **options)
        sql = written(statement)
        if isinstance(parameters, list):
            return await self._many(sql, parameters)
        (cursor,) = await self.send((sql, parameters or {}))
        return await _answer(cursor)

    @asyncstartablecontext
    async def stream(
        self, statement: Any, parameters: Any = None, **options: Any
    ) -> AsyncIterator[AsyncResult[Any]]:
        """Rows from a cursor of the server, which sees what was written before."""
        await self.flush()
        async with super().stream(statement, parameters, **options) as rows:
            yield rows

    def later(self, statement: TextClause, values: Values) -> None:
        """Travels with the next statement, or with the commit; its failure is raised there."""
        self._waiting.append((written(statement), values))

    async def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            await self.send()

    async def send(self, *statements: Statement) -> list[Cursor]:
        """What waits and then these, in one round trip; the cursors of these. Errors are those of
        SQLAlchemy."""
        together = [*self._waiting, *statements]
        self._waiting = []
        with self._errors(together), _timed():
            if len(together) == 1 and not self._begins():
                return [await self.raw.execute(*together[0])]
            async with self.raw.pipeline():
                cursors = [await self.raw.execute(sql, values) for sql, values in together]
        return cursors[len(together) - len(statements) :]

    async def _many(self, sql: str, rows: list[Values]) -> Answer:
        await self.flush()
        async with self.raw.cursor() as cursor:
            with self._errors([(sql, {})]), _timed():
                await cursor.executemany(sql, rows)
            return Answer((), (), cursor.rowcount)

    def _begins(self) -> bool:
        """The driver sends a BEGIN first."""
        idle = self.raw.pgconn.transaction_status == TransactionStatus.IDLE
        return idle and not self.raw.autocommit

    @property
    def resting(self) -> bool:
        """Nothing is open and nothing waits."""
        idle = self.raw.pgconn.transaction_status == TransactionStatus.IDLE
        return idle and not self._waiting and not self.in_transaction()

    def forget_waiting(self) -> None:
        """What waits is not sent at all."""
        self._waiting = []

    async def undo(self) -> None:
        """Roll back whatever is open."""
        self._waiting = []
        await self.rollback()
        await self.raw.rollback()

    @contextmanager
    def _errors(self, sent: Sequence[Statement]) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise DBAPIError.instance(
                sent[-1][0],
                {},
                error,
                psycopg.Error,
                hide_parameters=True,  # an error's text reaches the logs
                connection_invalidated=self.raw.closed,
            ) from error


async def _answer(cursor: Cursor) -> Answer:
    found = cursor.pgresult
    if found is None or not found.nfields:
        return Answer((), (), cursor.rowcount)
    names = tuple((found.fname(at) or b"").decode() for at in range(found.nfields))
    return Answer(names, await cursor.fetchall(), cursor.rowcount)


@contextmanager
def _timed() -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        DATABASE_SECONDS.inc(time.perf_counter() - started)
        DATABASE_CALLS.inc()


def sqlalchemy_url(dsn: str) -> str:
    """`postgresql://…` as SQLAlchemy wants it for psycopg 3."""
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1).replace(
        "postgres://", "postgresql+psycopg://", 1
    )


def engine(settings: Settings, *, autocommit: bool) -> AsyncEngine:
    """Opens connections; who holds them, and how many, is the pool's affair."""
    extra: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    made = create_async_engine(
        sqlalchemy_url(settings.dsn),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "prepare_threshold": 3,
            "application_name": f"bodega-{settings.process}",
            "connect_timeout": 5,
        },
        **extra,
    )
    _count(made.sync_engine)
    return made


def _count(counted: Engine) -> None:
    """Every statement that SQLAlchemy sends adds its time."""

    def sent(*arguments: Any) -> None:
        arguments[4].sent_at = time.perf_counter()

    def answered(*arguments: Any) -> None:
        DATABASE_SECONDS.inc(time.perf_counter() - arguments[4].sent_at)
        DATABASE_CALLS.inc()

    hooks.listen(counted, "before_cursor_execute", sent)
    hooks.listen(counted, "after_cursor_execute", answered)

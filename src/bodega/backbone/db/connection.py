"""A connection whose written statements go straight to the driver.

SQLAlchemy's way of executing costs three times what the driver itself does, so `text` passes it by
and only what is built of its constructs goes through it. A round trip costs more than most
statements do: those whose answer nobody needs wait for the next one and travel with it.
"""

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


class Absent(Exception):
    """A statement that went ahead touched no row, and what it came before builds on one."""


class Ahead:
    """A statement that travels with the next one, and its answer after that."""

    def __init__(self, *, needed: bool) -> None:
        self.needed = needed
        self._answer: Answer | None = None

    @property
    def answer(self) -> Answer:
        assert self._answer is not None, "nothing was sent since"
        return self._answer

    @property
    def settled(self) -> bool:
        return self._answer is not None

    def settle(self, answer: Answer) -> None:
        self._answer = answer

    @property
    def absent(self) -> bool:
        return self.needed and self._answer is not None and not self._answer.rowcount


@dataclass(frozen=True, slots=True)
class _Sent:
    sql: str
    values: Values
    ahead: Ahead | None = None


class Connection(AsyncConnection):
    """One of a pool's connections, in one pair of hands at a time."""

    raw: psycopg.AsyncConnection[Any]
    opened: float

    async def open(self) -> "Connection":
        await self.start()
        self.raw = (await self.get_raw_connection()).driver_connection  # type: ignore[assignment]
        self.opened = time.monotonic()
        self._waiting: list[_Sent] = []
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
        self._waiting.append(_Sent(written(statement), values))

    def ahead(self, statement: TextClause | str, values: Values, *, needed: bool = False) -> Ahead:
        """Travels with the next statement, before it, and is answered then. When it is `needed` and
        touches no row, the next one raises Absent, whatever became of itself."""
        ahead = Ahead(needed=needed)
        sql = statement if isinstance(statement, str) else written(statement)
        self._waiting.append(_Sent(sql, values, ahead))
        return ahead

    async def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            await self.send()

    async def send(self, *statements: Statement) -> list[Cursor]:
        """What waits and then these, in one round trip; the cursors of these. Errors are those of
        SQLAlchemy."""
        together = [*self._waiting, *(_Sent(sql, values) for sql, values in statements)]
        self._waiting = []
        cursors: list[Cursor] = []
        try:
            with self._errors(together[-1].sql), _timed():
                if len(together) == 1 and not self._begins():
                    cursors.append(await self.raw.execute(together[0].sql, together[0].values))
                else:
                    async with self.raw.pipeline():
                        for sent in together:
                            cursors.append(await self.raw.execute(sent.sql, sent.values))
        finally:
            await _settle(together, cursors)
        return cursors[len(together) - len(statements) :]

    async def _many(self, sql: str, rows: list[Values]) -> Answer:
        await self.flush()
        async with self.raw.cursor() as cursor:
            with self._errors(sql), _timed():
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
    def _errors(self, sql: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise DBAPIError.instance(
                sql,
                {},
                error,
                psycopg.Error,
                hide_parameters=True,  # an error's text reaches the logs
                connection_invalidated=self.raw.closed,
            ) from error


async def _settle(sent: Sequence[_Sent], cursors: Sequence[Cursor]) -> None:
    """Raises Absent, even over the failure of a later statement."""
    for one, cursor in zip(sent, cursors, strict=False):
        if one.ahead is not None and cursor.pgresult is not None:
            one.ahead.settle(await _answer(cursor))
            if one.ahead.absent:
                raise Absent


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

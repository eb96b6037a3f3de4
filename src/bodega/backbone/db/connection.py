"""A connection whose written statements go straight to the wire.

SQLAlchemy's way of executing costs three times what the driver itself does, so `text` passes it by
and only what is built of its constructs goes through it. A round trip costs more than most
statements do: those whose answer nobody needs, or not yet, wait for the next one and travel with
it.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, TextClause, text
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

from bodega.backbone.db.wire import Query, Reply, Values, Wire
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.metrics import DATABASE_CALLS, DATABASE_SECONDS

Statement = tuple[TextClause, Values]
BEGIN = text("BEGIN")
_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_MANY = 500
_written: WeakKeyDictionary[TextClause, Query] = WeakKeyDictionary()


class Answer(IteratorResult[Any]):
    """The rows of a statement, and how many it touched."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(_shape(reply.names), iter(reply.rows))
        self.rowcount = reply.touched
        self.command = reply.command


@lru_cache(maxsize=2000)
def _shape(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)


def written(statement: TextClause) -> Query:
    """As the wire spells it."""
    query = _written.get(statement)
    if query is None:
        compiled = statement.compile(dialect=_DIALECT)
        names = tuple(compiled.positiontup or ())
        query = _written[statement] = Query(str(compiled).encode(), names)
    return query


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
    query: Query
    values: Values
    ahead: Ahead | None = None


_BEGINNING = _Sent(written(BEGIN), {})


class Connection(AsyncConnection):
    """One of a pool's connections, in one pair of hands at a time."""

    raw: psycopg.AsyncConnection[Any]
    opened: float

    async def open(self) -> "Connection":
        await self.start()
        self.raw = (await self.get_raw_connection()).driver_connection  # type: ignore[assignment]
        self.opened = time.monotonic()
        self._wire = Wire(self.raw)
        self._waiting: list[_Sent] = []
        return self

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        if type(statement) is not TextClause:
            await self.flush()
            return await super().execute(statement, parameters, **options)
        if isinstance(parameters, list):
            return await self._many(statement, parameters)
        (answer,) = await self.send((statement, parameters or {}))
        return answer

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

    def ahead(self, statement: TextClause, values: Values, *, needed: bool = False) -> Ahead:
        """Travels with the next statement, before it, and is answered then. When it is `needed` and
        touches no row, the next one raises Absent, whatever became of itself."""
        ahead = Ahead(needed=needed)
        self._waiting.append(_Sent(written(statement), values, ahead))
        return ahead

    async def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            await self.send()

    async def send(self, *statements: Statement) -> list[Answer]:
        """What waits and then these, in one round trip; the answers of these. Errors are those of
        SQLAlchemy."""
        together = [*self._waiting, *(_Sent(written(said), values) for said, values in statements)]
        self._waiting = []
        if self._begins():
            together.insert(0, _BEGINNING)
        answers: list[Answer] = []
        started = time.perf_counter()
        try:
            await self._wire.send(
                [(sent.query, sent.values) for sent in together],
                lambda place, reply: _settle(together[place], reply, answers),
            )
        except psycopg.Error as error:
            _check(together)
            raise self._failure(together[-1].query, error) from error
        finally:
            DATABASE_SECONDS.inc(time.perf_counter() - started)
            DATABASE_CALLS.inc()
        _check(together)
        return answers[len(answers) - len(statements) :]

    async def _many(self, statement: TextClause, rows: Sequence[Values]) -> Answer:
        count = 0
        for start in range(0, len(rows), _MANY):
            told = await self.send(*((statement, row) for row in rows[start : start + _MANY]))
            count += sum(answer.rowcount for answer in told)
        return Answer(Reply((), (), count, ""))

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

    def _failure(self, query: Query, error: psycopg.Error) -> DBAPIError:
        failure: DBAPIError = DBAPIError.instance(  # type: ignore[assignment]
            query.sql.decode(),
            {},
            error,
            psycopg.Error,
            hide_parameters=True,  # an error's text reaches the logs
            connection_invalidated=self.raw.closed,
        )
        return failure


def _settle(sent: _Sent, reply: Reply, answers: list[Answer]) -> None:
    answer = Answer(reply)
    answers.append(answer)
    if sent.ahead is not None:
        sent.ahead.settle(answer)


def _check(sent: Sequence[_Sent]) -> None:
    """Raises Absent, even over the failure of a later statement."""
    for one in sent:
        if one.ahead is not None and one.ahead.absent:
            raise Absent


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
            "prepare_threshold": None,  # the wire prepares; psycopg would deallocate that too
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

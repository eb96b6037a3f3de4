"""Statements on the wire: all of a round trip leave in one write, over psycopg's own connection.

psycopg writes a pipeline statement by statement and so wakes the server for each. Types, errors
and the prepared form are psycopg's; only who waits for what is ours.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

Values = Mapping[str, Any]
_PREPARED_AFTER = 3
_MOST_PREPARED = 300
_STALE = ("0A000", "26000")  # a table changed its shape, or a statement is gone
_GRACE = 5.0


class Query(NamedTuple):
    """A statement with `$1`…, and the names of what stands there."""

    sql: bytes
    names: tuple[str, ...]


class Reply(NamedTuple):
    """`touched` are the rows; `command` is what the server calls it: `COMMIT`, `INSERT 0 1`."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    touched: int
    command: str


_Key = tuple[bytes, tuple[int, ...]]


class _Dumped(NamedTuple):
    key: _Key
    values: Sequence[Buffer | None]
    formats: Sequence[Format] | None


class Wire:
    """One connection, for one sender at a time."""

    def __init__(self, raw: psycopg.AsyncConnection[Any]) -> None:
        self._raw = raw
        self._pgconn = raw.pgconn
        self._types = Transformer(raw)
        self._seen: OrderedDict[_Key, int] = OrderedDict()
        self._prepared: OrderedDict[_Key, bytes] = OrderedDict()
        self._names = 0

    async def send(
        self, together: Sequence[tuple[Query, Values]], told: Callable[[int, Reply], None]
    ) -> None:
        """Each reply is `told` with its place, up to the first failure, which is raised."""
        async with self._raw.lock:
            try:
                await self._send(together, told)
            except asyncio.CancelledError:
                await self._abandon()
                raise
            except psycopg.Error as error:
                if error.sqlstate in _STALE:
                    self._prepared.clear()
                raise

    async def _send(
        self, together: Sequence[tuple[Query, Values]], told: Callable[[int, Reply], None]
    ) -> None:
        dumped = [self._dumped(query, values) for query, values in together]
        if len(dumped) == 1 and not self._to_prepare(dumped[0]):
            self._ask(dumped[0])
            await self._flush()
            self._tell(await self._results(single=True), [0], told)
            return
        self._pgconn.enter_pipeline_mode()
        places: list[int | _Key | None] = []
        for place, one in enumerate(dumped):
            if self._to_prepare(one):
                places += self._prepare(one.key)
            self._ask(one)
            places.append(place)
        self._pgconn.pipeline_sync()
        await self._flush()
        results = await self._results(single=False)
        self._pgconn.exit_pipeline_mode()
        self._tell(results, places, told)

    def _dumped(self, query: Query, values: Values) -> _Dumped:
        if not query.names:
            return _Dumped((query.sql, ()), (), None)
        given = [values[name] for name in query.names]
        dumped = self._types.dump_sequence(given, [PyFormat.AUTO] * len(given))
        key = (query.sql, tuple(self._types.types or ()))
        return _Dumped(key, dumped, self._types.formats)

    def _to_prepare(self, one: _Dumped) -> bool:
        """It has come often enough."""
        return one.key not in self._prepared and self._seen.get(one.key, 0) >= _PREPARED_AFTER

    def _prepare(self, key: _Key) -> list[_Key | None]:
        """Before it is asked; the places of the replies to that."""
        name = b"bodega_%d" % self._names
        self._names += 1
        self._pgconn.send_prepare(name, key[0], param_types=key[1])
        self._prepared[key] = name
        del self._seen[key]
        if len(self._prepared) <= _MOST_PREPARED:
            return [key]
        _, oldest = self._prepared.popitem(last=False)
        self._pgconn.send_query_params(b"DEALLOCATE " + oldest, ())
        return [key, None]

    def _ask(self, one: _Dumped) -> None:
        name = self._prepared.get(one.key)
        if name is not None:
            self._prepared.move_to_end(one.key)
            self._pgconn.send_query_prepared(name, one.values, param_formats=one.formats)
            return
        self._seen[one.key] = self._seen.pop(one.key, 0) + 1
        if len(self._seen) > _MOST_PREPARED:
            self._seen.popitem(last=False)
        sql, types = one.key
        self._pgconn.send_query_params(
            sql, one.values, param_types=types or None, param_formats=one.formats
        )

    def _tell(
        self,
        results: Sequence[PGresult],
        places: Sequence[int | _Key | None],
        told: Callable[[int, Reply], None],
    ) -> None:
        failed: PGresult | None = None
        for place, result in zip(places, results, strict=True):
            if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED):
                failed = failed or result
                if isinstance(place, tuple):
                    self._prepared.pop(place, None)
            elif isinstance(place, int) and failed is None:
                told(place, self._reply(result))
        if failed is not None:
            raise errors.error_from_result(failed)

    def _reply(self, result: PGresult) -> Reply:
        names = tuple([(result.fname(at) or b"").decode() for at in range(result.nfields)])
        rows: Sequence[tuple[Any, ...]] = ()
        if result.ntuples:
            self._types.set_pgresult(result)
            rows = self._types.load_rows(0, result.ntuples, tuple)
        count = -1 if result.command_tuples is None else result.command_tuples
        return Reply(names, rows, count, (result.command_status or b"").decode())

    async def _flush(self) -> None:
        while self._pgconn.flush():
            await self._wait(writing=True)
            self._pgconn.consume_input()

    async def _results(self, *, single: bool) -> list[PGresult]:
        found: list[PGresult] = []
        while True:
            while self._pgconn.is_busy():
                await self._wait()
                self._pgconn.consume_input()
            result = self._pgconn.get_result()
            if result is None:
                if single:
                    return found
                if self._pgconn.status == ConnStatus.BAD:
                    raise psycopg.OperationalError("the server closed the connection")
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return found
            else:
                found.append(result)

    async def _wait(self, *, writing: bool = False) -> None:
        loop, socket = asyncio.get_running_loop(), self._pgconn.socket
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(socket, _set, ready)
        if writing:
            loop.add_writer(socket, _set, ready)
        try:
            await ready
        finally:
            loop.remove_reader(socket)
            if writing:
                loop.remove_writer(socket)

    async def _abandon(self) -> None:
        """Nobody waits any more: the server is told, and the connection given up."""
        with suppress(Exception):
            await asyncio.shield(self._raw.cancel_safe(timeout=_GRACE))
        self._pgconn.finish()


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)

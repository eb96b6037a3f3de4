"""A pool of open connections: the one used last goes out first, and at most so many are out."""

import asyncio
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import exc

from bodega.backbone.db.connection import Connection, engine
from bodega.backbone.settings import Settings

_PATIENCE = 10.0
_LIFE = 1800.0


class Pool:
    def __init__(self, settings: Settings, *, size: int, autocommit: bool) -> None:
        self._engine = engine(settings, autocommit=autocommit)
        self._places = asyncio.Semaphore(size)
        self._resting: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """What is open when the block ends is rolled back. Raises SQLAlchemy's TimeoutError when
        all are taken for long."""
        await self._place()
        try:
            connection = await self._taken()
            try:
                yield connection
            finally:
                if connection.resting and not self._closed:
                    self._resting.append(connection)
                else:
                    await asyncio.shield(self._tidied(connection))
        finally:
            self._places.release()

    async def _place(self) -> None:
        if not self._places.locked():  # as nearly always: a timeout costs more than the rest
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._places.acquire()
        except TimeoutError as error:
            raise exc.TimeoutError("All connections to the database are in use") from error

    async def _taken(self) -> Connection:
        while self._resting:
            connection = self._resting.pop()
            if _alive(connection.raw) and time.monotonic() - connection.opened < _LIFE:
                return connection
            await _discard(connection)
        return await Connection(self._engine).open()

    async def _tidied(self, connection: Connection) -> None:
        """Back among the resting ones, or closed when it cannot be trusted any more."""
        with suppress(exc.SQLAlchemyError, psycopg.Error):
            await connection.undo()
        if connection.resting and not self._closed:
            self._resting.append(connection)
        else:
            await _discard(connection)

    async def close(self) -> None:
        self._closed = True
        while self._resting:
            await _discard(self._resting.pop())
        await self._engine.dispose()


def _alive(raw: psycopg.AsyncConnection[Any]) -> bool:
    """A server that went away has closed the socket, which then reads as ready; no round trip."""
    if raw.closed:
        return False
    waiting = select.poll()
    waiting.register(raw.fileno(), select.POLLIN)
    return not waiting.poll(0)


async def _discard(connection: Connection) -> None:
    with suppress(exc.SQLAlchemyError, psycopg.Error):
        await connection.close()

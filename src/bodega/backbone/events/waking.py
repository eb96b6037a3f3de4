"""Waiting for news of the log: a notification after each batch of the relay, or a while."""

import asyncio
from typing import Any

import psycopg

from bodega.backbone.events.partitions import CHANNEL
from bodega.backbone.telemetry.logs import get_logger

log = get_logger(__name__)


async def either(wake: asyncio.Event, stop: asyncio.Event, *, seconds: float) -> None:
    """Until one of both is set, at most `seconds`."""
    waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def listen(dsn: str, wake: asyncio.Event) -> None:
    """Set `wake` at every notification of the relay; polling covers for a broken connection."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, connect_timeout=5
            ) as connection:
                await connection.execute(f"LISTEN {CHANNEL}".encode())
                wake.set()  # what came before nobody was told of
                await _heard(connection, wake)
        except (psycopg.Error, OSError) as error:
            log.debug("listen_interrupted", error=type(error).__name__)
        await asyncio.sleep(1.0)


async def _heard(connection: psycopg.AsyncConnection[Any], wake: asyncio.Event) -> None:
    """Until the connection breaks. psycopg's own way wakes up ten times a second to look."""
    loop, socket, readable = asyncio.get_running_loop(), connection.fileno(), asyncio.Event()
    loop.add_reader(socket, readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            connection.pgconn.consume_input()
            while connection.pgconn.notifies():
                wake.set()
    finally:
        loop.remove_reader(socket)

"""Waiting for news of the log: a notification after each batch of the relay, or a while."""

import asyncio

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
                async for _ in connection.notifies():
                    wake.set()
        except (psycopg.Error, OSError) as error:
            log.debug("listen_interrupted", error=type(error).__name__)
        await asyncio.sleep(1.0)

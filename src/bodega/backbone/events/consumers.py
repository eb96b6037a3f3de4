"""Consumers: each handler reads the log at its own pace, exactly once in effect.

A consumer holds a position per partition and moves it in the transaction that holds its
handler's effect. A failing event is parked with a backoff, and later events of its key wait
behind it, while other keys go on; after the last retry it is dead until an operator replays or
drops it.

One look asks for all consumers of the process who has something to do; each of those then works
by itself, so that a slow one holds up no other.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from bodega.backbone.db import Database
from bodega.backbone.events.handling import Consumer, Policy, advance
from bodega.backbone.events.log import consumer_lag
from bodega.backbone.events.positions import Wanted, create_positions, due, skip_unwanted
from bodega.backbone.events.waking import either, listen
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import CONSUMER_LAG, CONSUMER_PARKED

log = get_logger(__name__)

_SHORTEST_WAIT = 0.2
_LONGEST_WAIT = 5.0


@dataclass(slots=True)
class Consumers:
    """Runs every consumer in this process; other processes may run the same ones."""

    database: Database
    dsn: str
    consumers: Sequence[Consumer]
    partitions: int
    policy: Policy = field(default_factory=Policy)
    _at_work: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; an unreachable database is waited for."""
        wake = asyncio.Event()
        listening = asyncio.create_task(listen(self.dsn, wake))
        try:
            await self._run(wake, stop)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await asyncio.gather(*self._at_work.values())

    async def _run(self, wake: asyncio.Event, stop: asyncio.Event) -> None:
        partitions, skipped_at, wait = 0, 0.0, _SHORTEST_WAIT
        news = True
        while not stop.is_set():
            news |= wake.is_set()
            wake.clear()
            try:
                partitions = partitions or await self.create_positions()
                await self._look(wake)
                if news and time.monotonic() - skipped_at > self.policy.poll_seconds:
                    await self._skip()
                    skipped_at, news = time.monotonic(), False
                wait = _SHORTEST_WAIT
            except (SQLAlchemyError, OSError) as error:
                log.warning("consumers_wait", error=type(error).__name__)
                await either(stop, stop, seconds=wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            if self._at_work:
                await either(stop, stop, seconds=self.policy.linger_seconds)
            await either(wake, stop, seconds=self.policy.poll_seconds)

    async def _look(self, wake: asyncio.Event) -> None:
        """Set to work whoever has something to do and is not at it."""
        idle = [consumer for consumer in self.consumers if consumer.name not in self._at_work]
        if not idle:
            return
        known = {consumer.name: consumer for consumer in idle}
        async with self.database.reading() as connection:
            work = await due(connection, _wanted(idle))
        for name, partitions in work.items():
            task = asyncio.create_task(self._work(known[name], partitions, wake))
            self._at_work[name] = task

    async def _work(
        self, consumer: Consumer, partitions: Sequence[int], wake: asyncio.Event
    ) -> None:
        try:
            if await advance(self.database, consumer, partitions, self.policy):
                wake.set()  # there may be more
        except (SQLAlchemyError, OSError) as error:
            log.warning("consumer_waits", consumer=consumer.name, error=type(error).__name__)
        finally:
            del self._at_work[consumer.name]

    async def create_positions(self) -> int:
        """A new consumer begins at the beginning of the log; the number of partitions."""
        names = [consumer.name for consumer in self.consumers]
        async with self.database.work() as uow:
            return await create_positions(uow.connection, names, self.partitions)

    async def drain(self) -> None:
        """Handle what is there, and retry what is due, until nothing is left to do now."""
        await self.create_positions()
        known = {consumer.name: consumer for consumer in self.consumers}
        moved = [True]
        while any(moved):
            async with self.database.reading() as connection:
                work = await due(connection, _wanted(self.consumers))
            moved = [
                await advance(self.database, known[name], where, self.policy)
                for name, where in work.items()
            ]
        await self._skip()

    async def _skip(self) -> None:
        async with self.database.work() as uow:
            await skip_unwanted(uow.connection, _wanted(self.consumers))

    async def measure(self) -> None:
        """Set the lag gauges."""
        async with self.database.reading() as connection:
            for row in await consumer_lag(connection):
                CONSUMER_LAG.labels(row.consumer).set(row.lag)
                CONSUMER_PARKED.labels(row.consumer).set(row.parked)


def _wanted(consumers: Sequence[Consumer]) -> Wanted:
    return {consumer.name: list(consumer.types) for consumer in consumers}

"""Consumers: each handler reads the log at its own pace, exactly once in effect.

A consumer holds a position per partition and moves it in the transaction that holds its
handler's effect. A failing event is parked with a backoff, and later events of its key wait
behind it, while other keys go on; after the last retry it is dead until an operator replays or
drops it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events import parked
from bodega.backbone.events.log import LoggedEvent, consumer_lag, read_next
from bodega.backbone.events.partitions import CHANNEL
from bodega.backbone.events.positions import (
    Wanted,
    create_positions,
    due,
    lock_position,
    move_position,
    skip_unwanted,
)
from bodega.backbone.telemetry.context import correlation
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import CONSUMER_LAG, CONSUMER_PARKED, HANDLED
from bodega.kernel.events import Envelope, Event

log = get_logger(__name__)

_SHORTEST_WAIT = 0.2
_LONGEST_WAIT = 5.0

React = Callable[[UnitOfWork, Envelope, Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A named reaction to events of some types; the name owns a position in the log."""

    name: str
    types: Mapping[str, type[Event]]
    react: React


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a consumer is. Backoff doubles from `backoff_seconds`, with full jitter."""

    batch: int = 100
    retries: int = 5
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 60.0
    handler_seconds: float = 30.0
    poll_seconds: float = 1.0

    def delay(self, attempts: int) -> float:
        longest: float = min(self.backoff_seconds * 2**attempts, self.max_backoff_seconds)
        return random.uniform(longest / 2, longest)


@dataclass(slots=True)
class Consumers:
    """Runs every consumer in this process; other processes may run the same ones."""

    database: Database
    dsn: str
    consumers: Sequence[Consumer]
    partitions: int
    policy: Policy = field(default_factory=Policy)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; an unreachable database is waited for. Each consumer goes its own pace."""
        wakes = [asyncio.Event() for _ in self.consumers]
        loops = [
            self._run(consumer, wake, stop)
            for consumer, wake in zip(self.consumers, wakes, strict=True)
        ]
        listening = asyncio.create_task(_listen(self.dsn, wakes))
        try:
            await asyncio.gather(*loops)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _run(self, consumer: Consumer, wake: asyncio.Event, stop: asyncio.Event) -> None:
        partitions, skipped_at, wait = 0, 0.0, _SHORTEST_WAIT
        while not stop.is_set():
            wake.clear()
            try:
                partitions = partitions or await self.create_positions([consumer])
                await self._drain([consumer], stop)
                if time.monotonic() - skipped_at > self.policy.poll_seconds:
                    await self._skip([consumer], partitions)
                    skipped_at = time.monotonic()
                wait = _SHORTEST_WAIT
            except (SQLAlchemyError, OSError) as error:
                log.warning("consumer_waits", consumer=consumer.name, error=type(error).__name__)
                await _either(stop, stop, seconds=wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            await _either(wake, stop, seconds=self.policy.poll_seconds)

    async def create_positions(self, consumers: Sequence[Consumer] = ()) -> int:
        """A new consumer begins at the beginning of the log; the number of partitions."""
        names = [consumer.name for consumer in consumers or self.consumers]
        async with self.database.work() as uow:
            return await create_positions(uow.connection, names, self.partitions)

    async def drain(self) -> None:
        """Handle what is there, and retry what is due, until nothing is left to do now."""
        partitions = await self.create_positions()
        await self._drain(self.consumers, asyncio.Event())
        await self._skip(self.consumers, partitions)

    async def _drain(self, consumers: Sequence[Consumer], stop: asyncio.Event) -> None:
        known = {consumer.name: consumer for consumer in consumers}
        while not stop.is_set():
            async with self.database.reading() as connection:
                work = await due(connection, _wanted(consumers))
            moved = [await self._advance(known[item.consumer], item.partition) for item in work]
            if not any(moved):
                return

    async def _skip(self, consumers: Sequence[Consumer], partitions: int) -> None:
        async with self.database.work() as uow:
            await skip_unwanted(uow.connection, _wanted(consumers), partitions)

    async def measure(self) -> None:
        """Set the lag gauges."""
        async with self.database.reading() as connection:
            for row in await consumer_lag(connection):
                CONSUMER_LAG.labels(row.consumer).set(row.lag)
                CONSUMER_PARKED.labels(row.consumer).set(row.parked)

    async def _advance(self, consumer: Consumer, partition: int) -> bool:
        """One transaction: retries that are due, then new events. False when another process is
        at it."""
        async with self.database.work(actor=f"consumer:{consumer.name}") as uow:
            position = await lock_position(uow.connection, consumer.name, partition)
            if position is None:
                return False
            await self._retry(uow, consumer, partition)
            events, reached = await read_next(
                uow.connection,
                partition=partition,
                after=position,
                types=list(consumer.types),
                limit=self.policy.batch,
            )
            blocked = await parked.blocked_keys(uow.connection, consumer.name, partition)
            for event in events:
                await self._take(uow, consumer, event, blocked)
            if reached != position:
                await move_position(uow.connection, consumer.name, partition, reached)
        return True

    async def _take(
        self, uow: UnitOfWork, consumer: Consumer, event: LoggedEvent, blocked: set[UUID]
    ) -> None:
        key = event.envelope.key
        if key in blocked:
            await parked.wait_behind(uow.connection, consumer.name, event)
            return
        error = await self._handle(uow, consumer, event.envelope)
        if error is not None:
            blocked.add(key)
            await parked.park(
                uow.connection, consumer.name, event, error=error, delay=self.policy.delay(0)
            )

    async def _retry(self, uow: UnitOfWork, consumer: Consumer, partition: int) -> None:
        """Heads of parked keys whose time has come; behind one that succeeds the next moves up."""
        for head in await parked.due_heads(uow.connection, consumer.name, partition):
            row: parked.ParkedEvent | None = head
            while row is not None:
                error = await self._handle(uow, consumer, row.event.envelope)
                if error is not None:
                    dead = row.attempts + 1 >= self.policy.retries
                    delay = None if dead else self.policy.delay(row.attempts + 1)
                    await parked.fail_again(
                        uow.connection, consumer.name, row.event.offset, error=error, delay=delay
                    )
                    break
                await parked.release(uow.connection, consumer.name, row.event.offset)
                row = await parked.next_of_key(uow.connection, consumer.name, row.event)

    async def _handle(self, uow: UnitOfWork, consumer: Consumer, envelope: Envelope) -> str | None:
        """None when it went well; else what went wrong, its effects undone."""
        with correlation(envelope.correlation_id):
            try:
                async with (
                    asyncio.timeout(self.policy.handler_seconds),
                    uow.nested(envelope) as inner,
                ):
                    event = consumer.types[envelope.type].model_validate(envelope.payload)
                    await consumer.react(inner, envelope, event)
            except Exception as error:
                if isinstance(error, DBAPIError) and error.connection_invalidated:
                    raise
                HANDLED.labels(consumer.name, "failed").inc()
                log.warning(
                    "handler_failed",
                    consumer=consumer.name,
                    event_id=str(envelope.event_id),
                    type=envelope.type,
                    exc_info=error,
                )
                return f"{type(error).__name__}: {error}"[:2000]
        HANDLED.labels(consumer.name, "handled").inc()
        return None


def _wanted(consumers: Sequence[Consumer]) -> Wanted:
    return {consumer.name: list(consumer.types) for consumer in consumers}


async def _either(wake: asyncio.Event, stop: asyncio.Event, *, seconds: float) -> None:
    waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _listen(dsn: str, wakes: Sequence[asyncio.Event]) -> None:
    """Set `wakes` at every notification of the relay; polling covers for a broken connection."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, connect_timeout=5
            ) as connection:
                await connection.execute(f"LISTEN {CHANNEL}".encode())
                async for _ in connection.notifies():
                    for wake in wakes:
                        wake.set()
        except (psycopg.Error, OSError) as error:
            log.debug("listen_interrupted", error=type(error).__name__)
        await asyncio.sleep(1.0)

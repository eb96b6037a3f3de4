"""The log's events to their topic.

A batch is read under the lock of its partitions' positions, sent, and, once all brokers have it,
the positions move. Killed in between, the same events are sent again: whoever reads them knows
their `event_id`. Events of a key go out in the log's order, over one producer, which brokers take
in order. An event that cannot be written (no schema is kept, the registry forbids it) is parked
like one that a handler fails on, and later ones of its key wait behind it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from bodega.backbone.db import Connection, Database
from bodega.backbone.events import parked
from bodega.backbone.events.handling import Policy
from bodega.backbone.events.log import LoggedEvent
from bodega.backbone.events.positions import behind, create_positions, hold, move_positions
from bodega.backbone.events.waking import either, listen
from bodega.backbone.kafka.connection import Access, guarded, producing
from bodega.backbone.kafka.errors import KafkaTrouble, TooLarge
from bodega.backbone.kafka.messages import EventWire
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import HANDLED, KAFKA_SENT
from bodega.kernel.errors import BodegaError

log = get_logger(__name__)

NAME = "kafka.events"
_SHORTEST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_BATCH = Policy(batch=1000)


class Forwarder:
    """Sends until told to stop; brokers that are down are waited for."""

    def __init__(
        self, database: Database, access: Access, wire: EventWire, *, policy: Policy = _BATCH
    ) -> None:
        self._database = database
        self._access = access
        self._wire = wire
        self._policy = policy
        self._partitions = 0

    async def run(self, stop: asyncio.Event) -> None:
        wake, wait = asyncio.Event(), _SHORTEST_WAIT
        listening = asyncio.create_task(listen(self._database.settings.direct_dsn, wake))
        try:
            while not stop.is_set():
                try:
                    await self._session(wake, stop)
                    wait = _SHORTEST_WAIT
                except (KafkaTrouble, SQLAlchemyError, OSError) as error:
                    log.warning("events_wait_for_kafka", error=str(error)[:500])
                    await either(stop, stop, seconds=wait)
                    wait = min(wait * 2, _LONGEST_WAIT)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _session(self, wake: asyncio.Event, stop: asyncio.Event) -> None:
        async with producing(self._access, client_id="bodega-events") as producer:
            while not stop.is_set():
                wake.clear()
                if not await self.forward(producer):
                    await either(wake, stop, seconds=self._policy.poll_seconds)

    async def forward(self, producer: Any) -> bool:
        """One batch; False when there was nothing to send. Raises KafkaTrouble."""
        partitions = await self._known_partitions()
        async with self._database.reading() as looking:
            if not await behind(looking, NAME):
                return False
        async with self._database.work(actor=NAME) as uow:
            connection = uow.connection
            limit = max(1, self._policy.batch // partitions)
            held = await hold(connection, NAME, range(partitions), types=None, limit=limit)
            if not held.partitions:
                return False
            batch = _Batch(connection, producer, self._wire, self._policy)
            blocked = await batch.retry(held.partitions)
            await batch.take(held.events, blocked)
            await batch.sent()
            move_positions(connection, NAME, held.reached)
        return bool(held.events)

    async def _known_partitions(self) -> int:
        if not self._partitions:
            wanted = self._database.settings.events_partitions
            async with self._database.work(actor=NAME) as uow:
                self._partitions = await create_positions(uow.connection, [NAME], wanted)
        return self._partitions


class _Batch:
    """What is sent within one transaction."""

    def __init__(
        self, connection: Connection, producer: Any, wire: EventWire, policy: Policy
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._wire = wire
        self._policy = policy
        self._under_way: list[Any] = []

    async def take(self, events: Sequence[LoggedEvent], blocked: set[UUID]) -> None:
        for event in events:
            key = event.envelope.key
            if key in blocked:
                await parked.wait_behind(self._connection, NAME, event)
            elif error := await self._send(event):
                blocked.add(key)
                delay = self._policy.delay(0)
                await parked.park(self._connection, NAME, event, error=error, delay=delay)

    async def retry(self, partitions: Sequence[int]) -> set[UUID]:
        """Parked events whose time has come, and those behind them; the keys blocked then."""
        blocked = await parked.blocked_keys(self._connection, NAME, partitions)
        if not blocked:
            return blocked
        for head in await parked.due_heads(self._connection, NAME, partitions):
            await self._retry_key(head)
        return await parked.blocked_keys(self._connection, NAME, partitions)

    async def _retry_key(self, head: parked.ParkedEvent) -> None:
        row: parked.ParkedEvent | None = head
        while row is not None:
            if error := await self._send(row.event):
                dead = row.attempts + 1 >= self._policy.retries
                delay = None if dead else self._policy.delay(row.attempts + 1)
                await parked.fail_again(
                    self._connection, NAME, row.event.offset, error=error, delay=delay
                )
                return
            await parked.release(self._connection, NAME, row.event.offset)
            row = await parked.next_of_key(self._connection, NAME, row.event)

    async def _send(self, event: LoggedEvent) -> str | None:
        """On its way; or why it cannot be written."""
        try:
            message = await self._wire.encode(event.envelope)
        except KafkaTrouble:
            raise
        except BodegaError as error:
            HANDLED.labels(NAME, "failed").inc()
            log.warning("event_not_written", type=event.envelope.type, error=error.detail)
            return f"{type(error).__name__}: {error.detail}"[:2000]
        try:
            async with guarded():
                under_way = await self._producer.send(
                    self._wire.topic, key=message.key, value=message.value, headers=message.headers
                )
        except TooLarge as error:
            return f"TooLarge: {error.detail}"
        self._under_way.append(under_way)
        return None

    async def sent(self) -> None:
        """All of it is with the brokers."""
        async with guarded():
            await asyncio.gather(*self._under_way)
        KAFKA_SENT.labels(self._wire.topic).inc(len(self._under_way))

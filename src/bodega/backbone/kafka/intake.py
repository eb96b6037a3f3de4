"""Events of other systems, or of another Bodega, into the outbox; the relay logs them like our own.

The position in a topic's partition moves in the transaction that holds the events, and that
transaction begins by locking the position: whoever was slow and lost the partition to another
process finds that it has moved, and skips what is there. An `event_id` that is in the outbox or in
the log is there already. What is no event, or none that this release knows, is set aside with its
reason in the same transaction, and the next one goes on.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events.log import ConsumerLag
from bodega.backbone.events.waking import either
from bodega.backbone.kafka import quarantine
from bodega.backbone.kafka.connection import LOOK_SECONDS, Access, client, consuming, ends_of
from bodega.backbone.kafka.errors import KafkaTrouble, Undecodable
from bodega.backbone.kafka.messages import EventWire
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import KAFKA_LAG, KAFKA_QUARANTINED, KAFKA_TAKEN
from bodega.kernel.errors import BodegaError
from bodega.kernel.events import Envelope, Event

log = get_logger(__name__)

_SHORTEST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_BATCH = 500
_POLL_MS = 500
_LOCK = text(
    """
    INSERT INTO backbone.kafka_positions AS p (topic, partition) VALUES (:topic, :partition)
    ON CONFLICT (topic, partition) DO UPDATE SET updated_at = now() RETURNING p."offset"
    """
)
_MOVE = text(
    """
    UPDATE backbone.kafka_positions SET "offset" = :offset, ends = :ends, updated_at = now()
    WHERE topic = :topic AND partition = :partition
    """
)
_POSITIONS = text(
    """SELECT topic, partition, "offset", ends FROM backbone.kafka_positions
       ORDER BY topic, partition"""
)
_BACK = text(
    """UPDATE backbone.kafka_positions SET "offset" = 0
       WHERE topic = :topic AND partition = :partition"""
)
_ENTER = text(
    """
    INSERT INTO backbone.outbox (event_id, type, version, key, occurred_at, correlation_id,
        causation_id, actor, payload)
    SELECT :event_id, :type, :version, :key, :occurred_at, :correlation_id,
        CAST(:causation_id AS uuid), :actor, :payload
    WHERE NOT EXISTS (SELECT 1 FROM backbone.event_log WHERE event_id = :event_id)
    ON CONFLICT (event_id) DO NOTHING
    """
)

Read = tuple[Any, Envelope | str]
"""A record, and its event or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Position:
    """The next message to take of a partition, and where it ended when last seen."""

    topic: str
    partition: int
    offset: int
    ends: int


class Intake:
    """Takes until told to stop. Several processes share the partitions of `topics` as a consumer
    group; `kinds` are the events that this release knows."""

    def __init__(
        self,
        database: Database,
        access: Access,
        wire: EventWire,
        *,
        topics: Sequence[str],
        group: str,
        kinds: Mapping[str, type[Event]],
    ) -> None:
        self._database = database
        self._access = access
        self._wire = wire
        self._topics = topics
        self._group = group
        self._kinds = kinds

    async def run(self, stop: asyncio.Event) -> None:
        wait = _SHORTEST_WAIT
        while not stop.is_set():
            try:
                await self._session(stop)
                wait = _SHORTEST_WAIT
            except (KafkaTrouble, SQLAlchemyError, OSError) as error:
                log.warning("intake_waits", error=str(error)[:500])
                await either(stop, stop, seconds=wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def _session(self, stop: asyncio.Event) -> None:
        access, group = self._access, self._group
        async with consuming(access, client_id="bodega-intake", group=group) as consumer:
            consumer.subscribe(list(self._topics), listener=_resuming(self, consumer))
            measured = 0.0
            while not stop.is_set():
                if time.monotonic() - measured > LOOK_SECONDS:
                    await ends_of(consumer, list(consumer.assignment()))
                    await self.measure()
                    measured = time.monotonic()
                found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
                for partition, records in found.items():
                    await self.take(records, ends=consumer.highwater(partition) or 0)

    async def take(self, records: Sequence[Any], *, ends: int) -> int:
        """Records of one partition, in one transaction; how many are new. Raises KafkaTrouble."""
        read = [(record, await self._read(record.value)) for record in records]
        try:
            taken = await self._take(read, ends=ends, apart=False)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            taken = await self._take(read, ends=ends, apart=True)
        KAFKA_TAKEN.labels(records[0].topic, "new").inc(taken)
        return taken

    async def _take(self, read: Sequence[Read], *, ends: int, apart: bool) -> int:
        """`apart` with a savepoint each: what the database does not take is set aside, too."""
        first, last = read[0][0], read[-1][0]
        place = {"topic": first.topic, "partition": first.partition}
        async with self._database.work(actor="kafka.intake") as uow:
            position = (await uow.connection.execute(_LOCK, place)).scalar_one()
            lacking = [(record, event) for record, event in read if record.offset >= position]
            events = [(record, event) for record, event in lacking if isinstance(event, Envelope)]
            if apart:
                taken = sum([await self._enter_apart(uow, *item) for item in events])
            else:
                taken = await _enter(uow, [event for _, event in events])
            for record, event in lacking:
                if isinstance(event, str):
                    await _set_aside(uow, record, event)
            if lacking:
                reached = {"offset": last.offset + 1, "ends": max(ends, last.offset + 1)}
                await uow.connection.execute(_MOVE, place | reached)
        return taken

    async def _enter_apart(self, uow: UnitOfWork, record: Any, event: Envelope) -> int:
        try:
            async with uow.nested(event) as part:
                return await _enter(part, [event])
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            await _set_aside(uow, record, f"The database does not take it: {error.orig}")
            return 0

    async def _read(self, content: bytes | None) -> Envelope | str:
        """The event; or what is wrong with it."""
        try:
            envelope = await self._wire.decode(content)
            kind = self._kinds.get(envelope.type)
            if kind is None:
                raise Undecodable(f"No contract tells of {envelope.type}")
            if kind.read(envelope.version, envelope.payload).key != envelope.key:
                raise Undecodable("Its key is not the one of its payload")
        except KafkaTrouble:
            raise
        except BodegaError as error:
            return error.detail
        except (ValidationError, LookupError, TypeError, ValueError) as error:
            return f"Its payload breaks the contract: {error}"
        return envelope

    async def again(self, message: quarantine.Quarantined) -> str | None:
        """A message that was set aside, once more: None when it went in, else what is still wrong
        with it."""
        event = await self._read(message.value)
        if isinstance(event, str):
            return event
        try:
            async with self._database.work(actor="operator") as uow:
                if await quarantine.drop(uow.connection, message.id):
                    await _enter(uow, [event])
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return f"The database does not take it: {error.orig}"
        return None

    async def measure(self) -> None:
        """Set the gauges."""
        async with self._database.reading() as connection:
            lags = await topic_lag(connection)
        for row in lags:
            KAFKA_LAG.labels(row.consumer.removeprefix("kafka:")).set(row.lag)
            KAFKA_QUARANTINED.labels(row.consumer.removeprefix("kafka:")).set(row.dead)

    async def resume(self, consumer: Any, assigned: Sequence[Any]) -> None:
        """Partitions that are ours from now on are read from where the database has come. One that
        ends before that was made anew: it is read from its beginning, and known events are known
        by their ids."""
        async with self._database.reading() as connection:
            reached = {(p.topic, p.partition): p.offset for p in await positions(connection)}
        ends = await ends_of(consumer, assigned)
        for partition in assigned:
            at = reached.get((partition.topic, partition.partition), 0)
            if at > ends[partition]:
                log.warning("topic_begins_anew", topic=partition.topic, was_at=at)
                place = {"topic": partition.topic, "partition": partition.partition}
                async with self._database.work(actor="kafka.intake") as uow:
                    await uow.connection.execute(_BACK, place)
                at = 0
            consumer.seek(partition, at)


async def _enter(uow: UnitOfWork, events: Sequence[Envelope]) -> int:
    """Into the outbox, in one round trip; how many were not there yet."""
    rows = [event.model_dump() | {"payload": Jsonb(event.payload)} for event in events]
    if not rows:
        return 0
    entered = await uow.connection.send(*((_ENTER, row) for row in rows))
    return sum(answer.rowcount for answer in entered)


async def _set_aside(uow: UnitOfWork, record: Any, reason: str) -> None:
    await quarantine.put(uow.connection, record, reason)
    KAFKA_TAKEN.labels(record.topic, "quarantined").inc()
    log.warning("message_quarantined", topic=record.topic, offset=record.offset, reason=reason)


async def positions(connection: AsyncConnection) -> list[Position]:
    """How far every partition has been taken."""
    return [Position(**row._mapping) for row in await connection.execute(_POSITIONS)]


async def topic_lag(connection: AsyncConnection) -> list[ConsumerLag]:
    """Every topic that is taken in, as a consumer `kafka:<topic>` whose dead are set aside."""
    aside = await quarantine.counts(connection)
    behind = dict.fromkeys(aside, 0)
    for position in await positions(connection):
        lag = position.ends - position.offset
        behind[position.topic] = behind.get(position.topic, 0) + lag
    return [
        ConsumerLag(f"kafka:{topic}", lag, aside.get(topic, 0), aside.get(topic, 0))
        for topic, lag in sorted(behind.items())
    ]


def _resuming(intake: Intake, consumer: Any) -> Any:
    class Resuming(client().ConsumerRebalanceListener):  # type: ignore[misc]
        async def on_partitions_revoked(self, revoked: Any) -> None:
            """What is under way is fenced by the position's lock."""

        async def on_partitions_assigned(self, assigned: Any) -> None:
            if assigned:
                await intake.resume(consumer, list(assigned))

    return Resuming()

"""One transaction of one consumer: retries that are due, then new events of its partitions.

All of them are handled together at first, for a savepoint an event costs two round trips. When one
fails, everything is rolled back and handled again with a savepoint each, so that only the failing
one is parked.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events import parked
from bodega.backbone.events.log import LoggedEvent
from bodega.backbone.events.positions import Held, hold, move_positions
from bodega.backbone.telemetry.context import correlation
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import HANDLED
from bodega.kernel.events import Envelope, Event

log = get_logger(__name__)

React = Callable[[UnitOfWork, Envelope, Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A named reaction to events of some types; the name owns a position in the log."""

    name: str
    types: Mapping[str, type[Event]]
    react: React


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a consumer is. Backoff doubles from `backoff_seconds`, with full jitter. Between
    two rounds lie `linger_seconds`, in which events gather for one transaction; the first after a
    rest does not wait."""

    batch: int = 100
    retries: int = 5
    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 60.0
    handler_seconds: float = 30.0
    poll_seconds: float = 1.0
    linger_seconds: float = 0.4

    def delay(self, attempts: int) -> float:
        longest: float = min(self.backoff_seconds * 2**attempts, self.max_backoff_seconds)
        return random.uniform(longest / 2, longest)


class Spoilt(Exception):
    """One event of several failed: each is handled under its own savepoint then."""


async def advance(
    database: Database, consumer: Consumer, partitions: Collection[int], policy: Policy
) -> bool:
    """False when other processes are at all of these partitions."""
    try:
        return await _advance(database, consumer, partitions, policy, apart=False)
    except Spoilt:
        pass
    except DBAPIError as error:  # of a write that travelled with the commit, maybe
        if _lost(error):
            raise
    return await _advance(database, consumer, partitions, policy, apart=True)


async def _advance(
    database: Database,
    consumer: Consumer,
    partitions: Collection[int],
    policy: Policy,
    *,
    apart: bool,
) -> bool:
    async with database.work(actor=f"consumer:{consumer.name}") as uow:
        held = await hold(
            uow.connection,
            consumer.name,
            partitions,
            types=list(consumer.types),
            limit=max(1, policy.batch // len(partitions)),
        )
        if not held.partitions:
            return False
        hands = _Hands(uow, consumer, policy)
        blocked = await hands.retry(held)
        if apart or any(event.envelope.key in blocked for event in held.events):
            await hands.take_apart(held.events, blocked)
        else:
            await hands.take_together(held.events)
        move_positions(uow.connection, consumer.name, held.reached)
    hands.count()
    return True


class _Hands:
    """What handles events within one transaction."""

    def __init__(self, uow: UnitOfWork, consumer: Consumer, policy: Policy) -> None:
        self._uow = uow
        self._consumer = consumer
        self._policy = policy
        self._handled = 0

    def count(self) -> None:
        if self._handled:
            HANDLED.labels(self._consumer.name, "handled").inc(self._handled)

    async def take_together(self, events: Sequence[LoggedEvent]) -> None:
        """Raises Spoilt when one fails; its writes may fail with the commit."""
        for event in events:
            part = self._uow.part(event.envelope)
            try:
                await self._react(part, event.envelope)
                self._uow.join(part)
            except Exception as error:
                if _lost(error):
                    raise
                raise Spoilt from error

    async def take_apart(self, events: Sequence[LoggedEvent], blocked: set[UUID]) -> None:
        for event in events:
            await self._take(event, blocked)

    async def _take(self, event: LoggedEvent, blocked: set[UUID]) -> None:
        connection, name = self._uow.connection, self._consumer.name
        key = event.envelope.key
        if key in blocked:
            await parked.wait_behind(connection, name, event)
            return
        error = await self._try(event.envelope)
        if error is not None:
            blocked.add(key)
            await parked.park(connection, name, event, error=error, delay=self._policy.delay(0))

    async def retry(self, held: Held) -> set[UUID]:
        """Heads of parked keys whose time has come; behind one that succeeds the next moves up.
        The keys that are blocked then."""
        connection, name, partitions = self._uow.connection, self._consumer.name, held.partitions
        if not held.blocked:
            return held.blocked
        for head in await parked.due_heads(connection, name, partitions):
            row: parked.ParkedEvent | None = head
            while row is not None:
                error = await self._try(row.event.envelope)
                if error is not None:
                    dead = row.attempts + 1 >= self._policy.retries
                    delay = None if dead else self._policy.delay(row.attempts + 1)
                    await parked.fail_again(
                        connection, name, row.event.offset, error=error, delay=delay
                    )
                    break
                await parked.release(connection, name, row.event.offset)
                row = await parked.next_of_key(connection, name, row.event)
        return await parked.blocked_keys(connection, name, partitions)

    async def _try(self, envelope: Envelope) -> str | None:
        """None when it went well; else what went wrong, its effects undone."""
        try:
            async with self._uow.nested(envelope) as part:
                await self._react(part, envelope)
        except Exception as error:
            if _lost(error):
                raise
            HANDLED.labels(self._consumer.name, "failed").inc()
            log.warning(
                "handler_failed",
                consumer=self._consumer.name,
                event_id=str(envelope.event_id),
                type=envelope.type,
                correlation_id=envelope.correlation_id,
                exc_info=error,
            )
            return f"{type(error).__name__}: {error}"[:2000]
        return None

    async def _react(self, part: UnitOfWork, envelope: Envelope) -> None:
        with correlation(envelope.correlation_id):
            event = self._consumer.types[envelope.type].read(envelope.version, envelope.payload)
            async with asyncio.timeout(self._policy.handler_seconds):
                await self._consumer.react(part, envelope, event)
        self._handled += 1


def _lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated

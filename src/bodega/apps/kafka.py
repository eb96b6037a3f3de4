"""What a process does with Kafka beside its own work, where brokers are configured: events out,
events in. Loaded only then."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bodega.backbone.db import Database
from bodega.backbone.kafka.connection import Access, client
from bodega.backbone.kafka.errors import KafkaMissing
from bodega.backbone.kafka.forward import Forwarder
from bodega.backbone.kafka.intake import Intake
from bodega.backbone.kafka.messages import EventWire
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.kafka.wire import AvroWire
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.ops.events.catalogue import event_kinds
from bodega.ops.events.kept import kept_schema

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ends:
    """Both directions over one database."""

    forwarder: Forwarder
    intake: Intake


def registry_of(settings: Settings) -> Registry | None:
    """None where none is configured."""
    if not settings.events_kafka_registry_url:
        return None
    return Registry(
        settings.events_kafka_registry_url,
        user=settings.events_kafka_registry_user,
        password=settings.events_kafka_registry_password.get_secret_value(),
    )


@asynccontextmanager
async def ends(settings: Settings) -> AsyncIterator[Ends]:
    """Composed, and closed in the end. Nothing is reached before it is used."""
    database, registry, access = Database(settings), registry_of(settings), Access.of(settings)
    wire = EventWire(settings.events_topic, kept_schema, AvroWire(registry) if registry else None)
    try:
        yield Ends(
            Forwarder(database, access, wire),
            Intake(
                database,
                access,
                wire,
                topics=settings.events_taken_from,
                group=f"{settings.events_kafka_prefix}-intake",
                kinds=event_kinds(),
            ),
        )
    finally:
        if registry is not None:
            await registry.aclose()
        await database.close()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop`; brokers, registry and database may be away for as long as they like."""
    async with ends(settings) as both:
        work = []
        if settings.events_kafka_produce:
            work.append(both.forwarder.run(stop))
        if settings.events_taken_from:
            work.append(both.intake.run(stop))
        await asyncio.gather(*work)


@contextmanager
def beside(settings: Settings, stop: threading.Event) -> Iterator[None]:
    """In a thread of its own; should that end unforeseen, the process ends, to be started anew."""
    try:
        client()
    except KafkaMissing as error:
        log.error("kafka_not_installed", error=error.detail)
        yield
        return
    thread = threading.Thread(target=_thread, args=(settings, stop), name="kafka")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(settings.shutdown_seconds)


def _thread(settings: Settings, stop: threading.Event) -> None:
    async def until_stopped() -> None:
        ended = asyncio.Event()
        waiting = asyncio.create_task(_watch(stop, ended))
        try:
            await run(settings, ended)
        finally:
            waiting.cancel()

    try:
        asyncio.run(until_stopped())
    except Exception:
        log.exception("thread_died", thread="kafka")
    finally:
        stop.set()


async def _watch(stop: threading.Event, ended: asyncio.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 - another thread sets it
        await asyncio.sleep(0.2)
    ended.set()

"""Events in the log, as the relay would have put them there; what came out of it elsewhere."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bodega.backbone.db import Database
from bodega.backbone.events.handling import Policy
from bodega.backbone.events.partitions import partition_of
from bodega.backbone.kafka.connection import Access
from bodega.backbone.kafka.forward import Forwarder
from bodega.backbone.kafka.intake import Intake
from bodega.backbone.kafka.messages import EventWire
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.kafka.wire import AvroWire
from bodega.backbone.settings import Settings
from bodega.kernel.events import Envelope
from bodega.ops.events.catalogue import event_kinds
from bodega.ops.events.kept import kept_schema

FAST = Policy(batch=80, backoff_seconds=0.02, max_backoff_seconds=0.05, retries=2, poll_seconds=0.1)
LOG = """INSERT INTO backbone.event_log ("offset", partition, event_id, type, version, key,
    occurred_at, correlation_id, causation_id, actor, payload)
    SELECT coalesce(max("offset"), 0) + 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
    FROM backbone.event_log"""


def paid(order: UUID, amount: int = 1) -> Envelope:
    return Envelope.model_validate(
        {
            "event_id": uuid4(),
            "type": "orders.order_paid",
            "version": 1,
            "key": order,
            "occurred_at": "2026-11-21T10:00:00.000001Z",
            "correlation_id": "c",
            "actor": "test",
            "payload": {
                "order_id": str(order),
                "amount": {"amount": amount, "currency": "GBP"},
            },
        }
    )


def log(settings: Settings, events: Sequence[Envelope]) -> None:
    with psycopg.connect(settings.dsn) as connection:
        for event in events:
            row = [partition_of(event.key, settings.events_partitions), *dict(event).values()]
            connection.execute(LOG, [*row[:-1], json.dumps(event.payload)])


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def wire(settings: Settings, registry: Registry | None = None) -> EventWire:
    return EventWire(settings.events_topic, kept_schema, AvroWire(registry) if registry else None)


def forwarder(database: Database, registry: Registry | None = None) -> Forwarder:
    settings = database.settings
    return Forwarder(database, Access.of(settings), wire(settings, registry), policy=FAST)


def intake(database: Database, topic: str, registry: Registry | None = None) -> Intake:
    settings = database.settings
    return Intake(
        database,
        Access.of(settings),
        wire(settings, registry),
        topics=[topic],
        group=f"{settings.events_kafka_prefix}-intake",
        kinds=event_kinds(),
    )


def by_key(events: Sequence[Envelope]) -> dict[UUID, list[UUID]]:
    """Ids of events in order, by key; an id that came before counts once."""
    found: dict[UUID, dict[UUID, None]] = {}
    for event in events:
        found.setdefault(event.key, {})[event.event_id] = None
    return {key: list(ids) for key, ids in found.items()}

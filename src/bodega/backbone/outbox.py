"""The outbox: events written in the transaction that made them true."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb
from sqlalchemy import text

from bodega.kernel.clock import SystemClock
from bodega.kernel.events import Event
from bodega.kernel.ids import new_id

if TYPE_CHECKING:
    from bodega.backbone.db import UnitOfWork

INSERT = text(
    """INSERT INTO backbone.outbox (event_id, type, version, key, occurred_at, correlation_id,
           causation_id, actor, payload)
       VALUES (:event_id, :type, :version, :key, :occurred_at, :correlation_id, :causation_id,
           :actor, :payload)"""
)
_clock = SystemClock()


def outbox_rows(uow: "UnitOfWork", events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """One row an event, in the order emitted."""
    now = _clock.now()
    for event in events:
        yield {
            "event_id": new_id(),
            "type": event.type,
            "version": event.version,
            "key": event.key,
            "occurred_at": now,
            "correlation_id": uow.correlation_id,
            "causation_id": uow.causation_id,
            "actor": uow.actor,
            "payload": Jsonb(event.model_dump(mode="json")),
        }

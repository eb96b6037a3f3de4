"""The outbox: events written in the transaction that made them true."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bodega.backbone.schema import outbox
from bodega.kernel.clock import SystemClock
from bodega.kernel.events import Event
from bodega.kernel.ids import new_id

if TYPE_CHECKING:
    from bodega.backbone.db import UnitOfWork

_clock = SystemClock()


async def write_outbox(uow: "UnitOfWork", events: Sequence[Event]) -> None:
    """One row an event, in the order emitted."""
    now = _clock.now()
    rows = [
        {
            "event_id": new_id(),
            "type": event.type,
            "version": event.version,
            "key": event.key,
            "occurred_at": now,
            "correlation_id": uow.correlation_id,
            "causation_id": uow.causation_id,
            "actor": uow.actor,
            "payload": event.model_dump(mode="json"),
        }
        for event in events
    ]
    await uow.connection.execute(outbox.insert(), rows)

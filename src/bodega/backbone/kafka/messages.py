"""An event as a message and back: its key as text, its envelope in Avro or JSON, and in headers
what tells duplicates apart without reading it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import ValidationError

from bodega.backbone.avro.resolve import full_name
from bodega.backbone.avro.schemas import Record
from bodega.backbone.kafka.errors import Undecodable
from bodega.backbone.kafka.wire import AvroWire, as_text, decode
from bodega.kernel.events import Envelope

EVENT_ID = "bodega-event-id"
SchemaOf = Callable[[str, int], Record]
"""By which events of that type and version are written; raises when there is none."""


class Message(NamedTuple):
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class EventWire:
    """With a registry messages are written in Avro, without one in JSON; both are read."""

    def __init__(self, topic: str, schema_of: SchemaOf, avro: AvroWire | None) -> None:
        self.topic = topic
        self._schema_of = schema_of
        self._avro = avro

    async def encode(self, envelope: Envelope) -> Message:
        """Raises NotOfSchema, NotFound without a schema, SchemaIncompatible, KafkaTrouble."""
        value = envelope.model_dump(mode="json")
        headers = [
            (EVENT_ID, str(envelope.event_id).encode()),
            ("bodega-type", envelope.type.encode()),
            ("bodega-version", str(envelope.version).encode()),
        ]
        return Message(str(envelope.key).encode(), await self._written(envelope, value), headers)

    async def _written(self, envelope: Envelope, value: Any) -> bytes:
        if self._avro is None:
            return as_text(value)
        schema = self._schema_of(envelope.type, envelope.version)
        return await self._avro.encode(f"{self.topic}-{full_name(schema)}", schema, value)

    async def decode(self, content: bytes | None) -> Envelope:
        """Raises Undecodable, KafkaTrouble."""
        if content is None:
            raise Undecodable("It is empty: events are never taken back")
        value = await decode(content, self._avro)
        try:
            return Envelope.model_validate(value)
        except ValidationError as error:
            raise Undecodable(f"It is no event: {_complaint(error)}") from error


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{place}: {first['msg']}"

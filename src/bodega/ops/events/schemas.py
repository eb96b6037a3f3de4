"""The Avro schema of an event's message: its envelope, with the payload as a record inside."""

from typing import Any

from pydantic import create_model

from bodega.backbone.avro.schemas import SHARED, Record, record_of
from bodega.kernel.events import Envelope, Event


def message_schema(kind: type[Event]) -> Record:
    """Named `bodega.<module>.v<version>.<Event>`. Raises NoAvroType."""
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in Envelope.model_fields.items()
        if name != "payload"
    }
    message = create_model(kind.__name__, **fields, payload=(kind, ...))
    return record_of(message, namespace=_namespace(kind), names={kind: f"{kind.__name__}Payload"})


def _namespace(kind: type[Event]) -> str:
    return f"{SHARED}.{kind.type.partition('.')[0]}.v{kind.version}"


def payload_schema(message: Record) -> Record:
    """The payload's part of a message's schema."""
    payload: Record = next(f["type"] for f in message["fields"] if f["name"] == "payload")
    return payload

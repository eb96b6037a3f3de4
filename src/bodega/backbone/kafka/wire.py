"""Bytes of messages: Confluent's wire format (a zero, a schema's id, Avro), or JSON."""

import json
from functools import lru_cache
from io import BytesIO
from struct import Struct
from typing import Any, NamedTuple

from bodega.backbone.avro.schemas import Schema
from bodega.backbone.avro.values import Shape, as_json
from bodega.backbone.kafka.errors import Undecodable
from bodega.backbone.kafka.registry import Registry

_HEAD = Struct(">bI")
_MAGIC = 0


class _Writer(NamedTuple):
    """A subject's schema, ready to write by."""

    schema: Schema
    shape: Shape
    parsed: Any
    head: bytes


class AvroWire:
    """Values that a registry has schemas for. Values are JSON on our side."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._writers: dict[str, _Writer] = {}

    async def aclose(self) -> None:
        await self._registry.aclose()

    async def encode(self, subject: str, schema: Schema, value: Any) -> bytes:
        """Raises NotOfSchema, SchemaIncompatible, KafkaTrouble."""
        import fastavro

        writer = self._writers.get(subject)
        if writer is None or writer.schema is not schema:
            schema_id = await self._registry.register(subject, schema)
            prepared = _prepared(json.dumps(schema))
            writer = _Writer(schema, *prepared, _HEAD.pack(_MAGIC, schema_id))
            self._writers[subject] = writer
        written = BytesIO()
        written.write(writer.head)
        fastavro.schemaless_writer(written, writer.parsed, writer.shape.datum(value))
        return written.getvalue()

    async def decode(self, content: bytes) -> Any:
        """Raises Undecodable, KafkaTrouble."""
        import fastavro

        _, schema_id = _HEAD.unpack_from(content)
        schema = await self._registry.schema(schema_id)
        _, parsed = _prepared(json.dumps(schema))
        rest = BytesIO(content[_HEAD.size :])
        try:
            datum = fastavro.schemaless_reader(rest, parsed, None)
        except Exception as error:
            # fastavro has no tree of errors: whatever broken bytes provoke comes through
            raise Undecodable(f"Schema {schema_id} does not read it: {error!r}") from error
        if rest.read(1):
            raise Undecodable(f"Schema {schema_id} leaves bytes of it unread")
        return as_json(datum)


async def decode(content: bytes, avro: AvroWire | None) -> Any:
    """The JSON value of a message in either form. Raises Undecodable, KafkaTrouble."""
    if content[:1] == b"\0":
        if avro is None:
            raise Undecodable("It is written with a schema's id, and no registry is configured")
        if len(content) < _HEAD.size:
            raise Undecodable("It ends within the schema's id")
        return await avro.decode(content)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"It is neither JSON nor Avro with a schema's id: {error}") from error


def schema_id_of(content: bytes) -> int:
    """Of a message in Avro."""
    return int(_HEAD.unpack_from(content)[1])


def as_text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=500)
def _prepared(text: str) -> tuple[Shape, Any]:
    import fastavro

    schema = json.loads(text)
    try:
        return Shape(schema), fastavro.parse_schema(schema)
    except (ValueError, KeyError, TypeError, fastavro.schema.SchemaParseException) as error:
        raise Undecodable(f"The schema itself is broken: {error!r}") from error

"""Messages of a topic of row changes, in whichever form: JSON with its schema or without, Avro."""

import json
from typing import Any

from bodega.backbone.avro.resolve import names_of
from bodega.backbone.kafka.connect_types import Semantic, of_avro, of_connect
from bodega.backbone.kafka.debezium import Meaning, Told, told, tombstone
from bodega.backbone.kafka.errors import Undecodable
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.kafka.wire import AvroWire, decode, schema_id_of

_PARTS = ("before", "after")


class RowMessages:
    """Reads what Debezium (or this shop) has sent."""

    def __init__(self, registry: Registry | None) -> None:
        self._registry = registry
        self._avro = AvroWire(registry) if registry else None
        self._avro_meant: dict[tuple[int, str | None], dict[str, Semantic]] = {}
        self._json_meant: dict[tuple[str, str | None], dict[str, Semantic]] = {}

    async def read(self, record: Any) -> Told:
        """Raises Undecodable, SchemaUnknown, KafkaTrouble."""
        key, key_schema = await self._part(record.key)
        value, value_schema = await self._part(record.value)
        meaning = Meaning(
            self._meant(key_schema, None),
            *(self._meant(value_schema, part) for part in _PARTS),
        )
        if value is None:
            return tombstone(key, ts_ms=record.timestamp, meaning=meaning)
        return told(key, value, ts_ms=record.timestamp, meaning=meaning)

    async def _part(self, content: bytes | None) -> tuple[Any, Any]:
        """A key or a value, and what tells of its schema: an id, a schema of Connect, or None."""
        if content is None:
            return None, None
        found = await decode(content, self._avro)
        if content[:1] == b"\0":
            return found, schema_id_of(content)
        if isinstance(found, dict) and found.keys() == {"schema", "payload"}:
            return found["payload"], found["schema"]
        return found, None

    def _meant(self, schema: Any, part: str | None) -> dict[str, Semantic]:
        if isinstance(schema, int):
            return self._of_avro(schema, part)
        if not isinstance(schema, dict):
            return {}
        known = (json.dumps(schema, sort_keys=True), part)
        if known not in self._json_meant:
            try:
                self._json_meant[known] = of_connect(schema, within=part)
            except (TypeError, ValueError, AttributeError) as error:
                raise Undecodable(f"The schema beside it is broken: {error}") from error
        return self._json_meant[known]

    def _of_avro(self, schema_id: int, part: str | None) -> dict[str, Semantic]:
        if (schema_id, part) not in self._avro_meant:
            assert self._registry is not None
            schema = self._registry.known(schema_id)
            self._avro_meant[schema_id, part] = of_avro(schema, names_of(schema), within=part)
        return self._avro_meant[schema_id, part]

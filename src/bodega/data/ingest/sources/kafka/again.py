"""Messages that were set aside, read once more: mended by hand, or because their schema is known
now."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from bodega.backbone.kafka.debezium import Told
from bodega.backbone.kafka.errors import KafkaTrouble, SchemaUnknown, Undecodable
from bodega.backbone.kafka.row_messages import RowMessages
from bodega.data.ingest.sources.errors import SourceUnreachable
from bodega.data.ingest.sources.kafka.config import KafkaConfig
from bodega.data.ingest.sources.kafka.table import from_raw


def read_again(
    config: KafkaConfig, raws: Sequence[Mapping[str, Any]], *, ts_ms: int
) -> list[Told | str]:
    """What each says, or why it still says nothing. Raises SourceUnreachable while the registry
    does not answer."""
    try:
        return asyncio.run(_read(config, raws, ts_ms))
    except KafkaTrouble as error:
        raise SourceUnreachable(error.detail) from error


async def _read(
    config: KafkaConfig, raws: Sequence[Mapping[str, Any]], ts_ms: int
) -> list[Told | str]:
    registry = config.registry.client() if config.registry else None
    messages = RowMessages(registry)
    try:
        return [await _one(messages, raw, ts_ms) for raw in raws]
    finally:
        if registry is not None:
            await registry.aclose()


async def _one(messages: RowMessages, raw: Mapping[str, Any], ts_ms: int) -> Told | str:
    try:
        key, value = from_raw(raw)
        record = SimpleNamespace(key=key, value=value, timestamp=ts_ms)
        return await messages.read(record)
    except (Undecodable, SchemaUnknown) as error:
        return error.detail
    except ValueError as error:
        return f"What was kept of it is no base64: {error}"

"""The change feed's sink in Kafka: each table's changes to `<prefix>.<schema>.<table>`, in order.

Messages may come twice after a crash, never out of order: `source.lsn` and `source.sequence` are
the same each time. What the feed must remember lies in PostgreSQL.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg

from bodega.backbone.avro.errors import NotOfSchema
from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.errors import SinkUnavailable
from bodega.backbone.changes.sink import NEVER, Batch, Checkpoint, Kept
from bodega.backbone.kafka.connection import Access, guarded, producing
from bodega.backbone.kafka.debezium import envelope
from bodega.backbone.kafka.errors import KafkaTrouble, TooLarge
from bodega.backbone.kafka.row_schemas import RowSchemas, TableSchemas, avro_key, avro_value
from bodega.backbone.kafka.wire import AvroWire, as_text
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import KAFKA_SENT
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import new_id

log = get_logger(__name__)

FEED = "bodega_kafka"
_SAVE = """
INSERT INTO backbone.kafka_feeds (name, checkpoint) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET checkpoint = excluded.checkpoint, updated_at = now()
"""
_READ = "SELECT checkpoint FROM backbone.kafka_feeds WHERE name = %s"
_SET_ASIDE = """
INSERT INTO backbone.kafka_quarantine (id, topic, partition, "offset", key, value, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (topic, partition, "offset") DO NOTHING
"""
_DATABASE = "SELECT current_database()"
_PIECE = 2_000


class KafkaSink:
    """A `Sink` for the change feed. With `avro` rows are written by schemas of their tables, else
    as JSON without a schema. Used by one thread, which closes it in the end."""

    def __init__(
        self,
        dsn: str,
        access: Access,
        *,
        prefix: str,
        published: Mapping[str, Sequence[str]],
        sealed: Mapping[str, Sequence[str]],
        avro: AvroWire | None = None,
    ) -> None:
        self._dsn = dsn
        self._access = access
        self._prefix = prefix
        self._avro = avro
        self._schemas = RowSchemas(dsn, published, sealed)
        self._database = ""
        self._known = Checkpoint()
        self._runner = asyncio.Runner()

    def checkpoint(self) -> Checkpoint:
        try:
            with closing(sql_connection(self._dsn)) as connection:
                row = connection.execute(_READ, [FEED]).fetchone()
                named = connection.execute(_DATABASE).fetchone()
        except psycopg.Error as error:
            raise SinkUnavailable(str(error).strip()) from error
        self._database = str(named[0]) if named else ""
        saved: dict[str, Any] = dict(row[0]) if row else {}  # type: ignore[call-overload]
        self._known = Checkpoint(
            system=str(saved.get("system", "")),
            position=int(saved.get("position", 0)),
            confirmed=int(saved.get("confirmed", 0)),
            tables={table: int(at) for table, at in saved.get("tables", {}).items()},
        )
        return self._known

    def save(self, checkpoint: Checkpoint) -> None:
        content = {
            "system": checkpoint.system,
            "position": checkpoint.position,
            "confirmed": checkpoint.confirmed,
            "tables": dict(checkpoint.tables),
        }
        try:
            with closing(sql_connection(self._dsn)) as connection:
                connection.execute(_SAVE, [FEED, json.dumps(content)])
        except psycopg.Error as error:
            raise SinkUnavailable(str(error).strip()) from error
        self._known = checkpoint

    def write(self, batch: Batch) -> None:
        changes = batch.changes if batch.fresh else self._lacking(batch.changes)
        if not any(changes.values()):
            return
        try:
            self._runner.run(self._send(changes))
        except (KafkaTrouble, psycopg.Error) as error:
            raise SinkUnavailable(str(error).strip()) from error
        except BodegaError as error:
            raise SinkUnavailable(f"The changes cannot be written: {error.detail}") from error

    def _lacking(self, changes: Mapping[str, Sequence[Change]]) -> dict[str, Sequence[Change]]:
        """Without what the copy of a table, or an earlier run, has sent."""
        known = self._known
        return {
            table: Kept(max(known.position, known.tables.get(table, NEVER))).lacking(rows)
            for table, rows in changes.items()
        }

    def rest(self) -> None:
        """Nothing is to be tidied here."""

    def close(self) -> None:
        if self._avro is not None:
            self._runner.run(self._avro.aclose())
        self._runner.close()

    async def _send(self, changes: Mapping[str, Sequence[Change]]) -> None:
        async with producing(self._access, client_id="bodega-changes") as producer:
            for table, rows in changes.items():
                topic = f"{self._prefix}.{table}"
                for at in range(0, len(rows), _PIECE):
                    await self._send_rows(producer, topic, table, rows[at : at + _PIECE])

    async def _send_rows(
        self, producer: Any, topic: str, table: str, rows: Sequence[Change]
    ) -> None:
        under_way = []
        for change in rows:
            try:
                for key, value in await self._messages(topic, table, change):
                    async with guarded():
                        under_way.append(await producer.send(topic, key=key, value=value))
            except (TooLarge, NotOfSchema) as error:
                self._set_aside(topic, change, error.detail)
        async with guarded():
            await asyncio.gather(*under_way)
        KAFKA_SENT.labels(topic).inc(len(under_way))

    def _set_aside(self, topic: str, change: Change, reason: str) -> None:
        """A row that no message can carry holds up no other; its place is that in the log."""
        log.warning("change_quarantined", topic=topic, lsn=change.lsn, reason=reason)
        value = json.dumps(envelope(change, name=self._prefix, database=self._database))
        place = [new_id(), topic, -change.sequence, change.lsn]
        with closing(sql_connection(self._dsn)) as connection:
            key = change.key.encode() if change.key else None
            connection.execute(_SET_ASIDE, [*place, key, value.encode(), reason])

    async def _messages(
        self, topic: str, table: str, change: Change
    ) -> list[tuple[bytes | None, bytes | None]]:
        """The change's own and, behind a delete, the tombstone that lets brokers forget the key."""
        value = envelope(change, name=self._prefix, database=self._database)
        key = json.loads(change.key) if change.key else None
        if self._avro is None:
            sent = (as_text(key) if key is not None else None, as_text(value))
        else:
            schemas = self._schemas.of(table, topic, value)
            sent = (
                await self._key_in_avro(self._avro, topic, schemas, key),
                await self._avro.encode(
                    f"{topic}-value", schemas.value, avro_value(value, schemas)
                ),
            )
        return [sent, (sent[0], None)] if change.op == "d" else [sent]

    async def _key_in_avro(
        self, avro: AvroWire, topic: str, schemas: TableSchemas, key: Any
    ) -> bytes | None:
        if key is None:
            return None
        return await avro.encode(f"{topic}-key", schemas.key, avro_key(key, schemas))

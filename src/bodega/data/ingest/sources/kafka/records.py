"""Topics of records as streams: pages up to where a topic ended when the reading began. The state
is the offset at which each partition goes on; like every state it is committed with the rows."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from bodega.backbone.kafka.connection import consuming, ends_of, partitions_of
from bodega.backbone.kafka.errors import KafkaTrouble, SchemaUnknown, Undecodable
from bodega.backbone.kafka.wire import AvroWire, decode
from bodega.data.ingest.sources.contract import Finding, Page, Reject, State, Stream
from bodega.data.ingest.sources.errors import SourceUnknown, SourceUnreachable
from bodega.data.ingest.sources.infer import infer_columns
from bodega.data.ingest.sources.kafka.config import KafkaRecordsConfig, RecordsStreamConfig
from bodega.data.ingest.sources.kafka.table import as_raw
from bodega.data.ingest.sources.records import parse, rows_to_table
from bodega.kernel.errors import BodegaError

_PAGE = 5_000
_POLL_MS = 500
_PATIENCE = 60
"""Looks in a row that bring nothing, before brokers count as gone."""


class KafkaRecords:
    """Answers `Source`."""

    def __init__(self, config: KafkaRecordsConfig) -> None:
        self._config = config
        self._access = config.access()

    def check(self) -> list[Finding]:
        return [self._checked(name) for name in self._config.streams]

    def _checked(self, name: str) -> Finding:
        try:
            page = self._first(name)
        except BodegaError as error:
            return Finding(name, ok=False, says=error.detail)
        if page is None:
            return Finding(name, ok=True, says="the topic is empty")
        return Finding(name, ok=not page.rejects, says=_said(page))

    def discover(self) -> list[Stream]:
        return [self._discovered(name) for name in self._config.streams]

    def _discovered(self, name: str) -> Stream:
        stream, page = self._stream(name).stream(name), self._first(name)
        if page is None:
            return stream
        found = infer_columns(page.rows, page.hints, {column.name for column in stream.columns})
        return stream.model_copy(update={"columns": (*stream.columns, *found)})

    def _first(self, name: str) -> Page | None:
        pages = self.read(name, {})
        try:
            return next(pages, None)
        finally:
            pages.close()  # type: ignore[attr-defined]

    def read(self, stream: str, state: State) -> Iterator[Page]:
        """Raises SourceUnknown, SourceUnreachable while brokers or registry do not answer."""
        config = self._stream(stream)
        with asyncio.Runner() as runner:
            reading = _Reading(self._config, config, dict(state.get("offsets", {})))
            try:
                runner.run(reading.begin())
                while not reading.ended:
                    yield runner.run(reading.page())
            except KafkaTrouble as error:
                raise SourceUnreachable(error.detail) from error
            finally:
                runner.run(reading.close())

    def _stream(self, name: str) -> RecordsStreamConfig:
        if name not in self._config.streams:
            raise SourceUnknown(f"There is no stream {name!r}")
        return self._config.streams[name]


class _Reading:
    """One topic, from the offsets of a state to its end."""

    def __init__(
        self, source: KafkaRecordsConfig, stream: RecordsStreamConfig, offsets: dict[str, int]
    ) -> None:
        self._source, self._stream, self._offsets = source, stream, offsets
        self._registry = source.registry.client() if source.registry else None
        self._avro = AvroWire(self._registry) if self._registry else None
        self._stack = AsyncExitStack()
        self._consumer: Any = None
        self._ends: dict[Any, int] = {}
        self._total = self._done = 0
        self._note = ""

    @property
    def ended(self) -> bool:
        return all(self._at(partition) >= end for partition, end in self._ends.items())

    def _at(self, partition: Any) -> int:
        return self._offsets[str(partition.partition)]

    async def begin(self) -> None:
        access, topic = self._source.access(), self._stream.topic
        found = consuming(access, client_id="bodega-records")
        self._consumer = await self._stack.enter_async_context(found)
        partitions = await partitions_of(access, [topic])
        if not partitions:
            raise SourceUnreachable(f"There is no topic {topic}")
        self._consumer.assign(partitions)
        first = await self._consumer.beginning_offsets(partitions)
        self._ends = await ends_of(self._consumer, partitions)
        for partition, end in self._ends.items():
            at = self._offsets.get(str(partition.partition), first[partition])
            if not first[partition] <= at <= end:
                self._note = f"{topic}: offsets moved on or back: messages may have gone unread"
                at = first[partition]
            self._offsets[str(partition.partition)] = at
            self._consumer.seek(partition, at)
            self._total += end - at

    async def page(self) -> Page:
        for _ in range(_PATIENCE):
            found = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_PAGE)
            for partition in self._ends:
                self._offsets[str(partition.partition)] = await self._consumer.position(partition)
            if found or self.ended:
                return await self._page([one for many in found.values() for one in many])
        raise SourceUnreachable(f"Nothing comes from {self._stream.topic}, which has not ended")

    async def _page(self, messages: Sequence[Any]) -> Page:
        records: list[Any] = []
        odd: list[Reject] = []
        for message in messages:
            try:
                records.append(await self._record(message))
            except (Undecodable, SchemaUnknown, ValueError) as error:
                odd.append(Reject(as_raw(message.key, message.value), f"message: {error}"))
        rows, hints, rejects = rows_to_table(records)
        self._done += len(messages)
        return Page(
            rows=rows,
            state={"offsets": dict(self._offsets)},
            origin=self._stream.topic,
            hints=hints,
            rejects=(*rejects, *odd),
            note=self._note,
            done=self._done,
            total=self._total,
        )

    async def _record(self, message: Any) -> Any:
        """Numbers of JSON keep their digits."""
        key_field, deleted = self._stream.key_field, self._stream.deleted
        key = message.key.decode() if key_field and message.key is not None else None
        if message.value is None:
            if not (key_field and deleted):
                raise Undecodable("It is empty, and `key_field` and `deleted` are not declared")
            return {key_field: key, deleted: True}
        coded = message.value[:1] == b"\0"
        record = await decode(message.value, self._avro) if coded else parse(message.value)
        if key_field and isinstance(record, dict):
            return {**record, key_field: key}
        return record

    async def close(self) -> None:
        await self._stack.aclose()
        if self._registry is not None:
            await self._registry.aclose()


def _said(page: Page) -> str:
    if page.rejects:
        return f"{len(page.rejects)} of its first messages are no records: {page.rejects[0].reason}"
    return f"answers; {len(page.rows)} records on its first page"

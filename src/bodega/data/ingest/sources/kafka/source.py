"""Topics into tables of envelopes: up to now (`catch_up`), or for good (`follow`).

Each topic's partitions are read from the offsets that its table carries. Nothing is committed to
Kafka: the table alone says how far it is. Two processes that read one topic into one table do not
both write: the second commit is refused, and that process begins again from what is there.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from bodega.backbone.kafka.connection import LOOK_SECONDS, Access, consuming, ends_of, partitions_of
from bodega.backbone.kafka.errors import KafkaTrouble, SchemaUnknown, Undecodable
from bodega.backbone.kafka.row_messages import RowMessages
from bodega.backbone.telemetry.logs import get_logger
from bodega.data.ingest.seal import Keys, RowSealer
from bodega.data.ingest.sources.contract import Finding, Page, State, Stream
from bodega.data.ingest.sources.errors import SourceRefused, SourceUnreachable
from bodega.data.ingest.sources.kafka.config import KafkaConfig
from bodega.data.ingest.sources.kafka.table import Arrived, EnvelopeTable
from bodega.data.ingest.sources.persons import personal_data
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.storage import LakeRoot

log = get_logger(__name__)

PATIENCE_SECONDS = 30.0
_FLUSH_SECONDS = 5.0
_FLUSH_ROWS = 5_000
_POLL_MS = 200
_SESSION_SECONDS = 60.0
_SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 30.0


class KafkaSource:
    """`check` and `discover` of the contract; instead of `read`, `catch_up` and `follow`: offsets
    are kept with the rows, partition by partition."""

    def __init__(
        self, name: str, config: KafkaConfig, root: LakeRoot, vault: Keys | None = None
    ) -> None:
        self._name, self._config = name, config
        self._access = config.access()
        assert vault is not None or not config.personal
        sealers = {
            stream: RowSealer(vault, data)
            for stream, data in personal_data(config.personal).items()
            if vault is not None
        }
        self._tables = {
            topic: EnvelopeTable(root, name, stream, topic, sealer=sealers.get(stream))
            for stream, topic in config.topics.items()
        }
        self._streams = {topic: stream for stream, topic in config.topics.items()}

    def check(self) -> list[Finding]:
        try:
            counts = asyncio.run(self._counts())
        except KafkaTrouble as error:
            return [Finding("*", ok=False, says=error.detail)]
        return [
            Finding(stream, ok=topic in counts, says=counts.get(topic) or f"no topic {topic}")
            for stream, topic in self._config.topics.items()
        ]

    async def _counts(self) -> dict[str, str]:
        async with self._reader() as reader:
            partitions = await reader.partitions()
            ends = await ends_of(reader.consumer, partitions)
        found: dict[str, str] = {}
        for topic in dict.fromkeys(partition.topic for partition in partitions):
            ours = [p for p in partitions if p.topic == topic]
            left = sum(ends[p] - (self._tables[topic].offset(p.partition) or 0) for p in ours)
            found[topic] = f"{len(ours)} partitions, {max(left, 0):,} messages to read"
        return found

    def discover(self) -> list[Stream]:
        return self._config.declared()

    def read(self, stream: str, state: State) -> Iterator[Page]:
        raise SourceRefused("A topic of changes is read with its offsets: `catch_up`")

    def catch_up(self, *, patience: float = PATIENCE_SECONDS) -> list[LoadReport]:
        """Everything the topics hold now is in bronze afterwards. Raises SourceUnreachable when
        Kafka or a registry does not answer, or nothing has come for `patience` seconds;
        LakeUnavailable."""
        try:
            return asyncio.run(self._catch_up(patience))
        except KafkaTrouble as error:
            raise SourceUnreachable(f"{self._name}: {error.detail}") from error

    async def _catch_up(self, patience: float) -> list[LoadReport]:
        async with self._reader() as reader:
            partitions = await reader.begin()
            ends = await ends_of(reader.consumer, partitions)
            last = time.monotonic()
            while not reader.reached(ends):
                if await reader.poll():
                    last = time.monotonic()
                if reader.waiting >= _FLUSH_ROWS:
                    reader.flush()
                if time.monotonic() - last > patience:
                    reader.flush()
                    raise SourceUnreachable(f"{self._name}: nothing came for {patience:g} s")
            reader.flush()
            return list(reader.reports.values())

    def follow(self, stop: threading.Event) -> None:
        """Until `stop` is set; Kafka, registry, lake and vault may be away."""
        wait = _SHORTEST_WAIT
        while not stop.is_set():
            try:
                asyncio.run(self._follow(stop))
                wait = _SHORTEST_WAIT
            except (KafkaTrouble, LakeUnavailable, SourceUnreachable) as error:
                log.warning("source_waits", source=self._name, error=error.detail)
                stop.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def _follow(self, stop: threading.Event) -> None:
        """For a while, or until there are other partitions: a topic may come later."""
        async with self._reader() as reader:
            partitions = await reader.begin()
            flushed = looked = time.monotonic()
            until = flushed + _SESSION_SECONDS
            while not stop.is_set() and time.monotonic() < until:
                await reader.poll()
                late = time.monotonic() - flushed > _FLUSH_SECONDS
                if reader.waiting >= _FLUSH_ROWS or (reader.waiting and late):
                    reader.flush()
                if not reader.waiting:
                    flushed = time.monotonic()
                if time.monotonic() - looked > LOOK_SECONDS:
                    if set(await reader.partitions()) != set(partitions):
                        break
                    looked = time.monotonic()
            reader.flush()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator["_Reader"]:
        registry = self._config.registry.client() if self._config.registry else None
        try:
            async with consuming(self._access, client_id=f"bodega-{self._name}") as consumer:
                messages = RowMessages(registry)
                reader = _Reader(self._access, consumer, messages, self._tables)
                for topic, stream in self._streams.items():
                    reader.reports[topic] = LoadReport(source=self._name, stream=stream)
                yield reader
        finally:
            if registry is not None:
                await registry.aclose()


class _Reader:
    """One consumer under way, with what it has read and not yet written."""

    def __init__(
        self,
        access: Access,
        consumer: Any,
        messages: RowMessages,
        tables: dict[str, EnvelopeTable],
    ) -> None:
        self.consumer = consumer
        self.reports: dict[str, LoadReport] = {}
        self._access = access
        self._messages = messages
        self._tables = tables
        self._arrived: dict[str, list[Arrived]] = {topic: [] for topic in tables}
        self._next: dict[Any, int] = {}
        self._moved: set[str] = set()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._arrived.values())) or len(self._moved)

    async def partitions(self) -> list[Any]:
        return await partitions_of(self._access, list(self._tables))

    async def begin(self) -> list[Any]:
        """At the offsets that the tables carry."""
        partitions = await self.partitions()
        self.consumer.assign(partitions)
        first = await self.consumer.beginning_offsets(partitions) if partitions else {}
        ends = await ends_of(self.consumer, partitions)
        for table in self._tables.values():
            table.forget()
        for partition in partitions:
            kept = self._tables[partition.topic].offset(partition.partition)
            at = self._where(partition, kept, first[partition], ends[partition])
            self.consumer.seek(partition, at)
            self._next[partition] = at
        return partitions

    def _where(self, partition: Any, kept: int | None, first: int, end: int) -> int:
        """What the topic no longer has is told, never passed over in silence."""
        if kept is None or first <= kept <= end:
            return first if kept is None else kept
        if kept > end:
            note = f"{partition.topic}/{partition.partition} was made anew: read from its beginning"
        else:
            gone = first - kept
            note = f"{partition.topic}/{partition.partition}: {gone:,} messages went unread"
        log.warning("topic_changed", note=note)
        self.reports[partition.topic].notes.append(note)
        return first

    def reached(self, ends: dict[Any, int]) -> bool:
        return all(self._next[partition] >= end for partition, end in ends.items())

    async def poll(self) -> int:
        """Take what is there; how many messages. Raises KafkaTrouble."""
        found = await self.consumer.getmany(timeout_ms=_POLL_MS, max_records=_FLUSH_ROWS)
        count = 0
        for partition, records in found.items():
            for record in records:
                self._take(partition.topic, record, await self._says(partition.topic, record))
            self._next[partition] = records[-1].offset + 1
            count += len(records)
        if not found:
            # records that nobody sees (of transactions) move the position, too
            for partition in self._next:
                self._next[partition] = await self.consumer.position(partition)
        return count

    async def _says(self, topic: str, record: Any) -> Any:
        try:
            told = await self._messages.read(record)
        except (Undecodable, SchemaUnknown) as error:
            return error.detail
        return self._tables[topic].unsealable(told) or told

    def _take(self, topic: str, record: Any, says: Any) -> None:
        report, arrived = self.reports[topic], self._arrived[topic]
        report.rows += 1
        self._moved.add(topic)
        if isinstance(says, str):
            report.rejected[says] += 1
        elif record.value is None and arrived and _deletes(arrived[-1], record, says.key):
            report.unchanged += 1
            return
        else:
            report.kept += 1
        arrived.append(Arrived(record.partition, record.offset, record.key, record.value, says))

    def flush(self) -> None:
        """Everything that waits, and the offsets behind it, in one commit a table. Raises
        LakeUnavailable."""
        for topic in sorted(self._moved):
            offsets = {p.partition: at for p, at in self._next.items() if p.topic == topic}
            self._tables[topic].append(self._arrived[topic], offsets)
            self._tables[topic].tidy()
            self.reports[topic].commits += 1
            self._arrived[topic] = []
        self._moved.clear()


def _deletes(before: Arrived, record: Any, key: str | None) -> bool:
    """The tombstone directly behind a delete says nothing more."""
    told = before.says
    adjacent = (before.partition, before.offset + 1) == (record.partition, record.offset)
    return adjacent and not isinstance(told, str) and told.op == "d" and told.key == key

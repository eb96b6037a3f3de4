"""A broker that speaks the Kafka protocol, from its wheel, as a child process; a look inside it."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.group import LeaveGroupRequest

from bodega.backbone.embedded.ports import free_port, is_free

PATIENCE_SECONDS = 30


class Broker:
    """Can be stopped and started again; what it was sent, it then still has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        binary = files("noida_db").joinpath("noida-db")
        command = [str(binary), "start", "--data-dir", str(self._folder), "--only", "kafka"]
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--kafka-port", str(self._port)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while is_free(self._port):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "the broker does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def fresh(name: str) -> str:
    """A name that no other test has taken at the same broker."""
    return f"{name}-{uuid4().hex[:8]}"


async def make_topic(servers: str, topic: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, partitions, 1)])
    await admin.close()


async def dead_leave(servers: str) -> None:
    """What Kafka does after a session's time, and this broker not while a group is being formed:
    members leave that were killed on the way in. Those who live join again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    groups = [name for name, _ in await admin.list_consumer_groups()]
    for answer in await admin.describe_consumer_groups(groups):
        for _, group, _, _, _, members in answer.groups:
            node = await admin.find_coordinator(group)
            for member, *_ in members:
                await admin._send_request(LeaveGroupRequest(group, member), node)
    await admin.close()


@asynccontextmanager
async def producer_to(servers: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(
    servers: str, topic: str, messages: Sequence[tuple[bytes | None, bytes | None]]
) -> None:
    """Keys and values, in order."""
    async with producer_to(servers) as producer:
        for key, value in messages:
            await producer.send_and_wait(topic, key=key, value=value)


async def contents(servers: str, *topics: str) -> list[Any]:
    """All that the topics hold now, by partition and offset."""
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[Any] = []
        ends = await consumer.end_offsets(consumer.assignment())
        starts = await consumer.beginning_offsets(consumer.assignment())
        wanted = sum(ends[partition] - starts[partition] for partition in ends)
        while len(found) < wanted:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found += records
        return sorted(found, key=lambda record: (record.topic, record.partition, record.offset))
    finally:
        await consumer.stop()
        await asyncio.sleep(0)

"""How brokers are reached. The client is loaded when somebody connects, not before."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bodega.backbone.kafka.errors import KafkaMissing, KafkaUnreachable, TooLarge
from bodega.backbone.settings import Settings

_PATIENCE_MS = 10_000
_LINGER_MS = 5
_BACKOFF_MS = 500
LOOK_SECONDS = 10.0
"""How often a reader that hears nothing asks whether brokers are there at all."""


@dataclass(frozen=True, slots=True)
class Access:
    """Brokers, and what proves who we are."""

    servers: str
    security: str = "PLAINTEXT"
    sasl: str = "SCRAM-SHA-512"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        return cls(
            servers=settings.events_kafka_servers,
            security=settings.events_kafka_security,
            sasl=settings.events_kafka_sasl,
            user=settings.events_kafka_user,
            password=settings.events_kafka_password.get_secret_value(),
            ca_file=settings.events_kafka_ca_file,
        )

    def options(self) -> dict[str, Any]:
        """As aiokafka takes them."""
        found: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in self.servers.split(",")],
            "security_protocol": self.security,
            "request_timeout_ms": _PATIENCE_MS,
            "retry_backoff_ms": _BACKOFF_MS,
        }
        if self.security.startswith("SASL"):
            found["sasl_mechanism"] = self.sasl
            found["sasl_plain_username"] = self.user
            found["sasl_plain_password"] = self.password
        if self.security.endswith("SSL"):
            found["ssl_context"] = ssl.create_default_context(
                cafile=str(self.ca_file) if self.ca_file else None
            )
        return found


def client() -> Any:
    """The package. Raises KafkaMissing."""
    try:
        import aiokafka
        import fastavro  # noqa: F401 - both belong to the extra
    except ImportError as error:
        raise KafkaMissing from error
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        # it tells of brokers that are away some eighty times a second; we tell once a try
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return aiokafka


@asynccontextmanager
async def guarded() -> AsyncIterator[None]:
    """The client's errors as ours."""
    errors = client().errors
    try:
        yield
    except errors.MessageSizeTooLargeError as error:
        raise TooLarge(str(error)) from error
    except (errors.KafkaError, OSError) as error:
        said = str(error).strip() or type(error).__name__
        raise KafkaUnreachable(f"Kafka does not answer: {said}") from error


async def _stopped(one: Any) -> None:
    """Brokers that are away, or the end of the client's own tasks, are no failure here."""
    try:
        await one.stop()
    except (client().errors.KafkaError, OSError):
        return
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if own is not None and own.cancelling():
            raise


@asynccontextmanager
async def producing(access: Access, *, client_id: str) -> AsyncIterator[Any]:
    """A producer that brokers take each message from once, and that is told only when all replicas
    in sync have it. Raises KafkaUnreachable, KafkaMissing."""
    async with guarded():
        producer = client().AIOKafkaProducer(
            **access.options(),
            client_id=client_id,
            enable_idempotence=True,
            acks="all",
            linger_ms=_LINGER_MS,
            compression_type="gzip",
        )
        try:
            await producer.start()
            yield producer
        finally:
            await _stopped(producer)


@asynccontextmanager
async def consuming(
    access: Access, *, client_id: str, group: str | None = None
) -> AsyncIterator[Any]:
    """A consumer without topics, which begins at the beginning and commits nothing by itself.
    Raises KafkaUnreachable, KafkaMissing."""
    async with guarded():
        consumer = client().AIOKafkaConsumer(
            **access.options(),
            client_id=client_id,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await _stopped(consumer)


async def partitions_of(access: Access, topics: Sequence[str]) -> list[Any]:
    """Every partition of the topics that are there. All are asked for: to ask for one by its name
    makes some brokers create it."""
    from aiokafka.admin import AIOKafkaAdminClient

    async with guarded():
        admin = AIOKafkaAdminClient(**access.options())
        await admin.start()
        try:
            told = await admin.describe_topics()
        finally:
            await admin.close()
    return [
        client().TopicPartition(topic["topic"], partition["partition"])
        for topic in told
        if topic["topic"] in topics and not topic["error_code"]
        for partition in sorted(topic["partitions"], key=lambda found: int(found["partition"]))
    ]


async def ends_of(consumer: Any, partitions: Sequence[Any]) -> dict[Any, int]:
    """The offset behind the last message of each."""
    found: dict[Any, int] = await consumer.end_offsets(list(partitions)) if partitions else {}
    return found

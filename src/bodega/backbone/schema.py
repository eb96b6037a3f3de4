"""The backbone's own tables: commands, idempotency, outbox, event log, consumers, Kafka."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from bodega.backbone.tables import metadata

METADATA = metadata("backbone")


def _stamp(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def _envelope_columns() -> tuple[Column[object], ...]:
    return (
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("type", String(80), nullable=False),
        Column("version", SmallInteger, nullable=False),
        Column("key", Uuid, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Column("correlation_id", String(64), nullable=False),
        Column("causation_id", Uuid),
        Column("actor", String(80), nullable=False),
        Column("payload", JSONB, nullable=False),
    )


commands = Table(
    "commands",
    METADATA,
    Column("command_id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("result", JSONB),
    _stamp("created_at"),
)

idempotency = Table(
    "idempotency",
    METADATA,
    Column("scope", String(80), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("route", String(200), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("locked_until", DateTime(timezone=True), nullable=False),
    Column("status", SmallInteger),
    Column("media_type", String(80)),
    Column("body", LargeBinary),
    _stamp("created_at"),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    *_envelope_columns(),
)

event_log = Table(
    "event_log",
    METADATA,
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", SmallInteger, nullable=False),
    *_envelope_columns(),
    _stamp("logged_at"),
    Index("ix_event_log_partition_offset", "partition", "offset"),
)

consumer_positions = Table(
    "consumer_positions",
    METADATA,
    Column("consumer", String(80), primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("offset", BigInteger, nullable=False, server_default=text("0")),
    _stamp("updated_at"),
)

parked_events = Table(
    "parked_events",
    METADATA,
    Column("consumer", String(80), primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("state", String(10), nullable=False),
    Column("error", Text),
    _stamp("parked_at"),
    Index("ix_parked_events_consumer_key", "consumer", "key"),
)

parked_decisions = Table(
    "parked_decisions",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("action", String(10), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Column("consumer", String(80), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", String(80), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    _stamp("decided_at"),
    Index("ix_parked_decisions_decided_at", "decided_at"),
)

kafka_positions = Table(
    "kafka_positions",
    METADATA,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, nullable=False, server_default=text("0")),
    Column("ends", BigInteger, nullable=False, server_default=text("0")),
    _stamp("updated_at"),
)

kafka_quarantine = Table(
    "kafka_quarantine",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("topic", String(249), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("reason", Text, nullable=False),
    _stamp("quarantined_at"),
    UniqueConstraint("topic", "partition", "offset"),
)

kafka_feeds = Table(
    "kafka_feeds",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("checkpoint", JSONB, nullable=False),
    _stamp("updated_at"),
)

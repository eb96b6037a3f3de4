"""The notifications' tables."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column, metadata

METADATA = metadata("notifications")


def _stamp(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


messages = Table(
    "messages",
    METADATA,
    id_column(),
    Column("order_id", Uuid, nullable=False),
    Column("template", String(40), nullable=False),
    Column("reference", Uuid, nullable=False),
    Column("status", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("failure", String(80)),
    _stamp("created_at"),
    _stamp("due_at"),
    Column("sent_at", DateTime(timezone=True)),
    UniqueConstraint("order_id", "template", "reference"),
    CheckConstraint("status IN ('queued', 'sent', 'failed', 'dropped')", name="status"),
    Index("ix_messages_due", "due_at", postgresql_where=text("status = 'queued'")),
)

alerts = Table(
    "alerts",
    METADATA,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("line", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("failure", String(80)),
    _stamp("created_at"),
    _stamp("due_at"),
    Column("sent_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('queued', 'sent', 'failed')", name="status"),
    Index("ix_alerts_due", "due_at", postgresql_where=text("status = 'queued'")),
)

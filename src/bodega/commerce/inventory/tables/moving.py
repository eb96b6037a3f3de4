"""Stock on its way between locations, and cycle counts."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column
from bodega.commerce.inventory.tables.base import METADATA
from bodega.commerce.inventory.tables.stock import locations

_NOW = text("now()")

transfers = Table(
    "transfers",
    METADATA,
    id_column(),
    Column("source", String(40), ForeignKey(locations.c.code), nullable=False),
    Column("destination", String(40), ForeignKey(locations.c.code), nullable=False),
    Column("status", String(12), nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("actor", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('in_transit', 'received', 'closed')", name="status"),
    CheckConstraint("source <> destination", name="route"),
)

transfer_lines = Table(
    "transfer_lines",
    METADATA,
    Column("transfer_id", Uuid, ForeignKey(transfers.c.id), primary_key=True),
    Column("variant_id", Uuid, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("received", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("quantity > 0 AND received >= 0 AND received <= quantity", name="received"),
)

counts = Table(
    "counts",
    METADATA,
    id_column(),
    Column("location", String(40), ForeignKey(locations.c.code), nullable=False),
    Column("status", String(10), nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("actor", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('open', 'closed', 'cancelled')", name="status"),
    Index("ix_counts_open", "location", postgresql_where=text("status = 'open'")),
)

count_lines = Table(
    "count_lines",
    METADATA,
    Column("count_id", Uuid, ForeignKey(counts.c.id), primary_key=True),
    Column("variant_id", Uuid, primary_key=True),
    Column("expected", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    CheckConstraint("counted >= 0", name="counted"),
)

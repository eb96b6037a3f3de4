"""Suppliers, what they offer, purchase orders and what came of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column, money_columns
from bodega.commerce.inventory.tables.base import METADATA
from bodega.commerce.inventory.tables.stock import locations

_NOW = text("now()")

suppliers = Table(
    "suppliers",
    METADATA,
    id_column(),
    Column("code", String(40), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("email", String(254)),
    Column("lead_days", Integer, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("lead_days >= 0", name="lead_days"),
)

offers = Table(
    "offers",
    METADATA,
    Column("supplier_id", Uuid, ForeignKey(suppliers.c.id), primary_key=True),
    Column("variant_id", Uuid, primary_key=True),
    *money_columns("cost"),
    Column("pack_size", Integer, nullable=False, server_default=text("1")),
    Column("min_quantity", Integer, nullable=False, server_default=text("1")),
    Column("preferred", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("cost_amount >= 0 AND pack_size > 0 AND min_quantity > 0", name="terms"),
    Index("ix_offers_variant_id", "variant_id"),
)

purchases = Table(
    "purchases",
    METADATA,
    id_column(),
    Column("number", BigInteger, Identity(start=1001), nullable=False, unique=True),
    Column("supplier_id", Uuid, ForeignKey(suppliers.c.id), nullable=False),
    Column("location", String(40), ForeignKey(locations.c.code), nullable=False),
    Column("status", String(20), nullable=False),
    Column("expected_on", Date),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("actor", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("ordered_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint(
        "status IN ('draft', 'ordered', 'partially_received', 'received', 'closed', 'cancelled')",
        name="status",
    ),
    Index(
        "ix_purchases_open",
        "supplier_id",
        postgresql_where=text("status IN ('ordered', 'partially_received')"),
    ),
)

purchase_lines = Table(
    "purchase_lines",
    METADATA,
    Column("purchase_id", Uuid, ForeignKey(purchases.c.id), primary_key=True),
    Column("variant_id", Uuid, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("received", Integer, nullable=False, server_default=text("0")),
    *money_columns("cost"),
    CheckConstraint("quantity > 0 AND received >= 0 AND received <= quantity", name="received"),
    CheckConstraint("cost_amount >= 0", name="cost"),
    Index("ix_purchase_lines_variant_id", "variant_id"),
)

receipts = Table(
    "receipts",
    METADATA,
    id_column(),
    Column("purchase_id", Uuid, ForeignKey(purchases.c.id), nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("actor", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("ix_receipts_purchase_id", "purchase_id"),
)

receipt_lines = Table(
    "receipt_lines",
    METADATA,
    Column("receipt_id", Uuid, ForeignKey(receipts.c.id), primary_key=True),
    Column("variant_id", Uuid, primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="quantity"),
)

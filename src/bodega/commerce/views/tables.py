"""The tables of views: written by handlers only."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CHAR

from bodega.backbone.tables import id_column, metadata, money_columns

METADATA = metadata("views")
_STAMP = DateTime(timezone=True)

orders = Table(
    "orders",
    METADATA,
    id_column("order_id"),
    Column("number", BigInteger, nullable=False),
    Column("checkout_id", Uuid, nullable=False, unique=True),
    Column("customer_id", Uuid),
    Column("status", String(20), nullable=False),
    Column("units", Integer, nullable=False),
    *money_columns("total"),
    Column("placed_at", _STAMP, nullable=False),
    Index("ix_orders_customer", "customer_id", text("placed_at DESC")),
)

order_events = Table(
    "order_events",
    METADATA,
    id_column("event_id"),
    Column("order_id", Uuid),
    Column("checkout_id", Uuid),
    Column("type", Text, nullable=False),
    Column("at", _STAMP, nullable=False),
    Column("actor", Text, nullable=False),
    Column("amount", BigInteger),
    Column("currency", CHAR(3)),
    Column("detail", Text),
    Index("ix_order_events_order", "order_id", "at"),
    Index("ix_order_events_checkout", "checkout_id", "at"),
)

customer_orders = Table(
    "customer_orders",
    METADATA,
    id_column("order_id"),
    Column("customer_id", Uuid, nullable=False),
    Column("units", Integer, nullable=False),
    *money_columns("total"),
    Column("refunded_amount", BigInteger, nullable=False, server_default=text("0")),
    Column("placed_at", _STAMP, nullable=False),
    Column("cancelled", Boolean, nullable=False, server_default=text("false")),
    Index("ix_customer_orders_customer", "customer_id"),
)

customers = Table(
    "customers",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("currency", CHAR(3), primary_key=True),
    Column("orders", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("spent_amount", BigInteger, nullable=False),
    Column("first_order_at", _STAMP, nullable=False),
    Column("last_order_at", _STAMP, nullable=False),
)

stock = Table(
    "stock",
    METADATA,
    id_column("variant_id"),
    Column("available", Integer),
    Column("received", Integer, nullable=False, server_default=text("0")),
    Column("sold", Integer, nullable=False, server_default=text("0")),
    Column("last_received_at", _STAMP),
    Column("last_sold_at", _STAMP),
    Column("to_ask", Boolean, nullable=False, server_default=text("true")),
    Index("ix_stock_to_ask", "variant_id", postgresql_where=text("to_ask")),
)

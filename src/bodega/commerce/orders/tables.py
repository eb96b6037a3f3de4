"""The tables of orders."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CHAR, JSONB

from bodega.backbone.tables import id_column, metadata, source_columns, time_columns

METADATA = metadata("orders")
_KINDS = "kind IN ('product', 'shipping', 'fee', 'discount', 'adjustment')"


def _bought_columns() -> tuple[Column[object], ...]:
    return (
        Column("kind", String(12), nullable=False),
        Column("product_id", Uuid),
        Column("variant_id", Uuid),
        Column("sku", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("quantity", Integer, nullable=False),
        Column("unit_price_amount", BigInteger, nullable=False),
        Column("total_amount", BigInteger, nullable=False),
        Column("currency", CHAR(3), nullable=False),
    )


counters = Table(
    "counters",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

orders = Table(
    "orders",
    METADATA,
    id_column(),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("checkout_id", Uuid, unique=True),
    Column("customer_id", Uuid),
    Column("email", Text),
    Column("shipping_address", JSONB),
    Column("country", CHAR(2)),
    Column("status", String(10), nullable=False),
    Column("subtotal_amount", BigInteger, nullable=False),
    Column("total_amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    *time_columns(),
    *source_columns(),
    CheckConstraint("status IN ('placed', 'paid', 'cancelled')", name="status"),
    Index("ux_orders_source", "source", "source_key", unique=True),
    Index("ix_orders_customer", "customer_id", text("occurred_at DESC"), text("id DESC")),
    Index("ix_orders_listing", text("occurred_at DESC"), text("id DESC")),
)

order_lines = Table(
    "order_lines",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    *_bought_columns(),
    *time_columns(),
    *source_columns(),
    CheckConstraint(_KINDS, name="kind"),
    Index("ux_order_lines_order", "order_id", "position", unique=True),
)

returns = Table(
    "returns",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), index=True),
    Column("customer_id", Uuid),
    Column("country", CHAR(2)),
    Column("reason", Text, nullable=False),
    Column("total_amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    *time_columns(),
    *source_columns(),
    Index("ux_returns_source", "source", "source_key", unique=True),
)

return_lines = Table(
    "return_lines",
    METADATA,
    id_column(),
    Column("return_id", Uuid, ForeignKey("orders.returns.id"), nullable=False, index=True),
    Column("order_line_id", Uuid, ForeignKey("orders.order_lines.id"), index=True),
    *_bought_columns(),
    *time_columns(),
    *source_columns(),
    CheckConstraint(_KINDS, name="kind"),
)

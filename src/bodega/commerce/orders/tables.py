"""The tables of orders."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CHAR, JSONB

from bodega.backbone.tables import id_column, metadata, source_columns, time_columns
from bodega.commerce.orders.domain.status import TRANSITIONS

METADATA = metadata("orders")
_STATUSES = ", ".join(f"'{status}'" for status in TRANSITIONS)
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
    Column("billing_address", JSONB),
    Column("shipping_method_id", Uuid),
    Column("shipping_method", Text),
    Column("coupons", JSONB, nullable=False, server_default=text("'[]'")),
    Column("note", Text),
    Column("status", String(20), nullable=False),
    Column("subtotal_amount", BigInteger, nullable=False),
    Column("total_amount", BigInteger, nullable=False),
    Column("refunded_amount", BigInteger, nullable=False, server_default=text("0")),
    Column("currency", CHAR(3), nullable=False),
    *time_columns(),
    *source_columns(),
    CheckConstraint(f"status IN ({_STATUSES})", name="status"),
    CheckConstraint("refunded_amount BETWEEN 0 AND greatest(total_amount, 0)", name="refunded"),
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
    Column("discount_amount", BigInteger),
    Column("tax_amount", BigInteger),
    Column("tax_rate", Numeric(9, 6), nullable=False, server_default=text("0")),
    Column("tax_included", Boolean, nullable=False, server_default=text("true")),
    Column("fulfilled", Integer, nullable=False, server_default=text("0")),
    Column("delivered", Integer, nullable=False, server_default=text("0")),
    Column("returned", Integer, nullable=False, server_default=text("0")),
    *time_columns(),
    *source_columns(),
    CheckConstraint(_KINDS, name="kind"),
    CheckConstraint(
        "returned BETWEEN 0 AND fulfilled AND delivered BETWEEN 0 AND fulfilled"
        " AND fulfilled <= greatest(quantity, 0)",
        name="progress",
    ),
    Index("ux_order_lines_order", "order_id", "position", unique=True),
)

history = Table(
    "history",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("kind", String(30), nullable=False),
    Column("status_before", String(20)),
    Column("status_after", String(20)),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("reference", Uuid),
    Index("ix_history_order", "order_id", "id"),
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

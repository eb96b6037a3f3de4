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
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CHAR, JSONB

from bodega.backbone.tables import id_column, metadata, money_columns, source_columns, time_columns
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
    Index("ix_orders_email", text("lower(email)"), postgresql_where=text("email IS NOT NULL")),
    Index(
        "ix_orders_waiting",
        "id",
        postgresql_where=text("status = 'paid' AND checkout_id IS NOT NULL"),
    ),
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
    Column("cancelled", Integer, nullable=False, server_default=text("0")),
    *time_columns(),
    *source_columns(),
    CheckConstraint(_KINDS, name="kind"),
    CheckConstraint(
        "returned BETWEEN 0 AND fulfilled AND delivered BETWEEN 0 AND fulfilled"
        " AND cancelled >= 0 AND fulfilled + cancelled <= greatest(quantity, 0)",
        name="progress",
    ),
    Index("ux_order_lines_order", "order_id", "position", unique=True),
    Index("ix_order_lines_sku", "sku"),
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

operations = Table(
    "operations",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("payment_token", Text),
    Column("reference", Uuid),
    Column("actor", Text, nullable=False),
    Column("failure_code", String(60)),
    Column("failure_detail", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("leased_until", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint(
        "kind IN ('cancel', 'cancel_rest', 'ship', 'edit', 'refund', 'return')", name="kind"
    ),
    CheckConstraint("state IN ('running', 'undoing', 'partial', 'done', 'failed')", name="state"),
    Index("ix_operations_order", "order_id", "id"),
    Index(
        "ux_operations_live",
        "order_id",
        unique=True,
        postgresql_where=text("state IN ('running', 'undoing', 'partial')"),
    ),
    Index(
        "ix_operations_due",
        "leased_until",
        postgresql_where=text("state IN ('running', 'undoing')"),
    ),
)

shipments = Table(
    "shipments",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False, index=True),
    Column("step", String(20), nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("carrier", Text),
    Column("tracking_number", Text),
    Column("shipped_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
    CheckConstraint(
        "step IN ('shipped', 'in_transit', 'out_for_delivery', 'exception', 'delivered')",
        name="step",
    ),
)

shipment_lines = Table(
    "shipment_lines",
    METADATA,
    Column("shipment_id", Uuid, ForeignKey("orders.shipments.id"), primary_key=True),
    Column("order_line_id", Uuid, ForeignKey("orders.order_lines.id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("ix_shipment_lines_line", "order_line_id"),
)

shipment_events = Table(
    "shipment_events",
    METADATA,
    id_column(),
    Column("shipment_id", Uuid, ForeignKey("orders.shipments.id"), nullable=False, index=True),
    Column("step", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
)

refunds = Table(
    "refunds",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False, index=True),
    Column("operation_id", Uuid, ForeignKey("orders.operations.id"), nullable=False, unique=True),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

refund_lines = Table(
    "refund_lines",
    METADATA,
    Column("refund_id", Uuid, ForeignKey("orders.refunds.id"), primary_key=True),
    Column("order_line_id", Uuid, ForeignKey("orders.order_lines.id"), primary_key=True),
    *money_columns("refund"),
    CheckConstraint("refund_amount >= 0", name="amount"),
    Index("ix_refund_lines_line", "order_line_id"),
)

return_requests = Table(
    "return_requests",
    METADATA,
    id_column(),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False, index=True),
    Column("status", String(10), nullable=False),
    Column("note", Text, nullable=False),
    Column("decision_note", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("amount", BigInteger),
    Column("currency", CHAR(3), nullable=False),
    Column("exchange_order_id", Uuid, ForeignKey("orders.orders.id"), unique=True),
    CheckConstraint(
        "status IN ('requested', 'approved', 'declined', 'received', 'closed', 'withdrawn')",
        name="status",
    ),
    Index("ix_return_requests_listing", text("requested_at DESC"), text("id DESC")),
)

return_request_lines = Table(
    "return_request_lines",
    METADATA,
    Column("return_id", Uuid, ForeignKey("orders.return_requests.id"), primary_key=True),
    Column("order_line_id", Uuid, ForeignKey("orders.order_lines.id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("exchange_variant_id", Uuid),
    Column("received", Integer, nullable=False, server_default=text("0")),
    Column("restocked", Integer, nullable=False, server_default=text("0")),
    Column("written_off", Integer, nullable=False, server_default=text("0")),
    Column("amount", BigInteger),
    CheckConstraint("quantity > 0 AND received BETWEEN 0 AND quantity", name="received"),
    CheckConstraint(
        "restocked >= 0 AND written_off >= 0 AND restocked + written_off <= received",
        name="inspected",
    ),
    Index("ix_return_request_lines_line", "order_line_id"),
)

documents = Table(
    "documents",
    METADATA,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.orders.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("net_amount", BigInteger, nullable=False),
    Column("tax_amount", BigInteger, nullable=False),
    Column("total_amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("reference", Uuid),
    Column("body", JSONB, nullable=False),
    CheckConstraint("kind IN ('invoice', 'credit_note')", name="kind"),
    CheckConstraint("net_amount + tax_amount = total_amount", name="sum"),
    Index("ux_documents_number", "kind", "number", unique=True),
)

"""The cart's tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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
from sqlalchemy.dialects.postgresql import ARRAY, CHAR

from bodega.backbone.tables import id_column, metadata
from bodega.contracts.cart import MAX_NOTE
from bodega.kernel.quantity import MAX_QUANTITY

METADATA = metadata("cart")


def _stamp(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


carts = Table(
    "carts",
    METADATA,
    id_column(),
    Column("customer_id", Uuid),
    Column("status", String(10), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _stamp("created_at"),
    _stamp("updated_at"),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("coupons", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("next_cart_id", Uuid),
    Column("abandoned_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('open', 'ordered', 'merged')", name="status"),
    CheckConstraint(f"char_length(note) <= {MAX_NOTE}", name="note"),
    Index(
        "ux_carts_open_customer",
        "customer_id",
        unique=True,
        postgresql_where=text("status = 'open' AND customer_id IS NOT NULL"),
    ),
    Index("ix_carts_abandoned", "updated_at", postgresql_where=text("status <> 'ordered'")),
    Index(
        "ix_carts_idle",
        "updated_at",
        postgresql_where=text("status = 'open' AND abandoned_at IS NULL"),
    ),
)

abandonments = Table(
    "abandonments",
    METADATA,
    Column("cart_id", Uuid, primary_key=True),
    Column("abandoned_at", DateTime(timezone=True), primary_key=True),
    Column("customer_id", Uuid),
    Column("units", BigInteger, nullable=False),
    Column("value_amount", BigInteger),
    Column("currency", CHAR(3)),
    Column("ordered_at", DateTime(timezone=True)),
    CheckConstraint("(value_amount IS NULL) = (currency IS NULL)", name="value"),
)

lines = Table(
    "lines",
    METADATA,
    Column("cart_id", Uuid, ForeignKey("cart.carts.id", ondelete="CASCADE"), primary_key=True),
    Column("variant_id", Uuid, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("position", Integer, Identity(always=True), nullable=False),
    Column("saved", Boolean, nullable=False, server_default=text("false")),
    Column("seen_amount", BigInteger),
    Column("seen_currency", CHAR(3)),
    CheckConstraint(f"quantity BETWEEN 1 AND {MAX_QUANTITY}", name="quantity"),
)

"""The table of checkout: one row a saga.

What is personal or secret in it is forgotten as soon as the saga has ended.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from bodega.backbone.tables import id_column, metadata, money_columns

METADATA = metadata("checkout")


def _stamp(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


checkouts = Table(
    "checkouts",
    METADATA,
    id_column(),
    Column("cart_id", Uuid, nullable=False),
    Column("customer_id", Uuid),
    Column("state", String(10), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("email", Text),
    Column("shipping_address", JSONB),
    Column("payment_token", Text),
    Column("lines", JSONB, nullable=False),
    *money_columns("total"),
    Column("order_id", Uuid),
    Column("order_number", BigInteger),
    Column("failure_code", String(60)),
    Column("decline_code", String(60)),
    Column("failure_detail", Text),
    Column("leased_until", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _stamp("started_at"),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('running', 'undoing', 'completed', 'failed')", name="state"),
    Index(
        "ux_checkouts_cart",
        "cart_id",
        unique=True,
        postgresql_where=text("state <> 'failed'"),
    ),
    Index(
        "ix_checkouts_live",
        "leased_until",
        postgresql_where=text("state IN ('running', 'undoing')"),
    ),
)

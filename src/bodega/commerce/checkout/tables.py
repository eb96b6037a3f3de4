"""The table of checkout: one row a saga.

What is personal or secret in it is forgotten as soon as the saga has ended.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from bodega.backbone.tables import id_column, metadata, money_columns

METADATA = metadata("checkout")
_LIVE = "state IN ('running', 'waiting', 'undoing')"
_IN_REVIEW = "state = 'waiting' AND waiting_for = 'review'"


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
    Column("billing_address", JSONB),
    Column("payment_token", Text),
    Column("return_url", Text),
    Column("save_method", Boolean, nullable=False, server_default=text("false")),
    Column("note", Text),
    Column("lines", JSONB, nullable=False),
    Column("basket", JSONB),
    Column("shipping_method_id", Uuid),
    Column("shipping_method", Text),
    Column("coupons", JSONB, nullable=False, server_default=text("'[]'")),
    *money_columns("total"),
    Column("fraud_decision", String(10), nullable=False, server_default=text("'accept'")),
    Column("fraud_score", Numeric(5, 4)),
    Column("fraud_reasons", JSONB, nullable=False, server_default=text("'[]'")),
    Column("fraud_model", String(60)),
    Column("waiting_for", String(10)),
    Column("action_url", Text),
    Column("waits_until", DateTime(timezone=True)),
    Column("review", String(10)),
    Column("reviewer_id", Uuid),
    Column("review_note", Text),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("order_id", Uuid),
    Column("order_number", BigInteger),
    Column("failure_code", String(60)),
    Column("decline_code", String(60)),
    Column("failure_detail", Text),
    Column("stop_requested", Boolean, nullable=False, server_default=text("false")),
    Column("trouble", Text),
    Column("leased_until", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _stamp("started_at"),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint(
        "state IN ('running', 'waiting', 'undoing', 'completed', 'failed')", name="state"
    ),
    CheckConstraint(
        "(state = 'waiting') = (waiting_for IS NOT NULL AND waits_until IS NOT NULL)", name="waits"
    ),
    CheckConstraint("review IN ('accepted', 'refused')", name="review"),
    Index("ux_checkouts_cart", "cart_id", unique=True, postgresql_where=text("state <> 'failed'")),
    Index("ix_checkouts_live", "leased_until", postgresql_where=text(_LIVE)),
    Index("ix_checkouts_review", "started_at", "id", postgresql_where=text(_IN_REVIEW)),
    Index("ix_checkouts_newest", text("started_at DESC"), text("id DESC")),
)

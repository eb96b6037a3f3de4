"""The tables of payments."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column, metadata, money_columns, time_columns

METADATA = metadata("payments")
_STATUSES = "'authorising', 'authorised', 'declined', 'capturing', 'captured', 'voiding', 'voided'"

payments = Table(
    "payments",
    METADATA,
    id_column(),
    Column("checkout_id", Uuid, nullable=False, unique=True),
    *money_columns("amount"),
    Column("status", String(12), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("provider_reference", Text),
    Column("payment_token", Text),
    Column("card_brand", String(20)),
    Column("card_last4", String(4)),
    Column("failure_code", String(60)),
    Column("failure_detail", Text),
    *time_columns(),
    CheckConstraint("amount_amount >= 0", name="amount_amount"),
    CheckConstraint(f"status IN ({_STATUSES})", name="status"),
    Index(
        "ix_payments_unsettled",
        "known_at",
        postgresql_where=text("status IN ('authorising', 'capturing', 'voiding')"),
    ),
)

transitions = Table(
    "transitions",
    METADATA,
    id_column(),
    Column("payment_id", Uuid, ForeignKey("payments.payments.id"), nullable=False),
    Column("before", String(12)),
    Column("after", String(12), nullable=False),
    Column("note", Text),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Index("ix_transitions_payment_id_id", "payment_id", "id"),
)

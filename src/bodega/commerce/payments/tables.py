"""The tables of payments."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import CHAR

from bodega.backbone.tables import id_column, metadata, money_columns, time_columns

METADATA = metadata("payments")
_STATUSES = (
    "'authorising', 'requires_action', 'authorised', 'declined', 'capturing', 'captured',"
    " 'voiding', 'voided'"
)

payments = Table(
    "payments",
    METADATA,
    id_column(),
    Column("checkout_id", Uuid, nullable=False),
    Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
    *money_columns("amount"),
    Column("status", String(16), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("provider_reference", Text),
    Column("payment_token", Text),
    Column("provider_customer", Text),
    Column("return_url", Text),
    Column("capture_method", String(10), nullable=False, server_default="manual"),
    Column("capture_amount", BigInteger),
    Column("save_method", Boolean, nullable=False, server_default=text("false")),
    Column("off_session", Boolean, nullable=False, server_default=text("false")),
    Column("action_url", Text),
    Column("card_brand", String(20)),
    Column("card_last4", String(4)),
    Column("failure_code", String(60)),
    Column("failure_detail", Text),
    Column("risk_level", String(20)),
    Column("risk_score", SmallInteger),
    Column("risk_reason", Text),
    *time_columns(),
    Index("ux_payments_checkout", "checkout_id", "attempt", unique=True),
    Index(
        "ux_payments_live",
        "checkout_id",
        unique=True,
        postgresql_where=text("status NOT IN ('declined', 'voided')"),
    ),
    Index("ix_payments_provider_reference", "provider_reference"),
    CheckConstraint("amount_amount >= 0", name="amount_amount"),
    CheckConstraint(f"status IN ({_STATUSES})", name="status"),
    CheckConstraint("capture_amount BETWEEN 0 AND amount_amount", name="capture_amount"),
    Index(
        "ix_payments_unsettled",
        "known_at",
        postgresql_where=text("status IN ('authorising', 'capturing', 'voiding')"),
    ),
)

refunds = Table(
    "refunds",
    METADATA,
    id_column(),
    Column("payment_id", Uuid, ForeignKey("payments.payments.id"), nullable=False),
    Column("command_id", Uuid, nullable=False, unique=True),
    *money_columns("amount"),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("provider_reference", Text),
    Column("failure_code", String(60)),
    Column("sale_id", Uuid),
    Column("operation_id", Uuid),
    Column("retry_of", Uuid, ForeignKey("payments.refunds.id")),
    Column("due_at", DateTime(timezone=True)),
    *time_columns(),
    CheckConstraint("amount_amount > 0", name="amount_amount"),
    CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
    Index("ix_refunds_payment_id_id", "payment_id", "id"),
    Index("ix_refunds_pending", "known_at", postgresql_where=text("status = 'pending'")),
    Index("ix_refunds_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

customers = Table(
    "customers",
    METADATA,
    Column("user_id", Uuid, primary_key=True),
    Column("provider", String(20), primary_key=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("known_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

transitions = Table(
    "transitions",
    METADATA,
    id_column(),
    Column("payment_id", Uuid, ForeignKey("payments.payments.id"), nullable=False),
    Column("refund_id", Uuid, ForeignKey("payments.refunds.id")),
    Column("before", String(16)),
    Column("after", String(16), nullable=False),
    Column("note", Text),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Index("ix_transitions_payment_id_id", "payment_id", "id"),
)

sales = Table(
    "sales",
    METADATA,
    id_column("checkout_id"),
    Column("order_id", Uuid, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("total_amount", BigInteger, nullable=False),
    Column("tax_amount", BigInteger, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

ledger_entries = Table(
    "ledger_entries",
    METADATA,
    id_column(),
    Column("kind", String(20), nullable=False),
    Column("source", Text, nullable=False, unique=True),
    Column("checkout_id", Uuid),
    Column("payment_id", Uuid),
    Column("credit_of", Uuid),
    Column("currency", CHAR(3), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("ix_ledger_entries_checkout_id", "checkout_id"),
    Index("ix_ledger_entries_payment_id", "payment_id"),
    Index(
        "ix_ledger_entries_credit_of", "credit_of", postgresql_where=text("credit_of IS NOT NULL")
    ),
)

_ACCOUNTS = "'receivable', 'provider_clearing', 'fees', 'refunds', 'chargebacks', 'revenue', 'tax'"

ledger_lines = Table(
    "ledger_lines",
    METADATA,
    Column("entry_id", Uuid, ForeignKey("payments.ledger_entries.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("account", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint(f"account IN ({_ACCOUNTS})", name="account"),
    CheckConstraint("amount <> 0", name="amount"),
)

webhooks = Table(
    "webhooks",
    METADATA,
    id_column(),
    Column("provider", String(20), nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("object_group", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("stated_at", DateTime(timezone=True), nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("body", Text),
    Column("status", String(12), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("handled_at", DateTime(timezone=True)),
    UniqueConstraint("provider", "provider_id"),
    Index("ix_webhooks_due", "due_at", postgresql_where=text("status = 'received'")),
    Index("ix_webhooks_object", "provider", "object_group", "stated_at"),
    Index(
        "ix_webhooks_captures",
        "subject",
        postgresql_where=text("type = 'PAYMENT.CAPTURE.COMPLETED'"),
    ),
)

conflicts = Table(
    "conflicts",
    METADATA,
    id_column(),
    Column("kind", String(20), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("payment_id", Uuid),
    Column("reference", Text),
    Column("expected", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("source", Text, nullable=False, unique=True),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
    Column("resolved_by", Text),
    Column("note", Text),
)

disputes = Table(
    "disputes",
    METADATA,
    id_column(),
    Column("provider", String(20), nullable=False),
    Column("reference", Text, nullable=False),
    Column("payment_id", Uuid),
    Column("checkout_id", Uuid),
    *money_columns("amount"),
    Column("reason", String(60), nullable=False),
    Column("status", String(20), nullable=False),
    Column("inquiry", Boolean, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("evidence_sent_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("stated_at", DateTime(timezone=True), nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("alarmed_days", SmallInteger),
    UniqueConstraint("provider", "reference"),
)

"""Refunds, 3-D Secure, partial captures, what the provider's screening said, its customers."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0004"
down_revision = "payments_0003"
branch_labels = None
depends_on = None

OLD = "'authorising', 'authorised', 'declined', 'capturing', 'captured', 'voiding', 'voided'"
NEW = f"{OLD}, 'requires_action'"
ADDED = (
    ("provider_customer", sa.Text()),
    ("return_url", sa.Text()),
    ("capture_amount", sa.BigInteger()),
    ("action_url", sa.Text()),
    ("risk_level", sa.String(length=20)),
    ("risk_score", sa.SmallInteger()),
    ("risk_reason", sa.Text()),
)


def upgrade() -> None:
    _statuses(NEW, 16)
    for name, kind in ADDED:
        op.add_column("payments", sa.Column(name, kind, nullable=True), schema="payments")
    op.add_column(
        "payments",
        sa.Column("capture_method", sa.String(length=10), server_default="manual", nullable=False),
        schema="payments",
    )
    op.execute(
        "UPDATE payments.payments SET capture_amount = amount_amount"
        " WHERE status IN ('capturing', 'captured')"
    )
    op.create_check_constraint(
        op.f("ck_payments_capture_amount"),
        "payments",
        "capture_amount BETWEEN 0 AND amount_amount",
        schema="payments",
    )
    _refunds()
    _customers()
    op.add_column(
        "transitions", sa.Column("refund_id", sa.Uuid(), nullable=True), schema="payments"
    )
    op.create_foreign_key(
        op.f("fk_transitions_refund_id"),
        "transitions",
        "refunds",
        ["refund_id"],
        ["id"],
        source_schema="payments",
        referent_schema="payments",
    )


def downgrade() -> None:
    """A payment that waits for its buyer goes back to being authorised: asking finds it there."""
    op.drop_constraint(op.f("fk_transitions_refund_id"), "transitions", schema="payments")
    op.drop_column("transitions", "refund_id", schema="payments")
    op.drop_table("customers", schema="payments")
    op.drop_table("refunds", schema="payments")
    op.drop_constraint(op.f("ck_payments_capture_amount"), "payments", schema="payments")
    for name, _ in (*ADDED, ("capture_method", None)):
        op.drop_column("payments", name, schema="payments")
    op.execute(
        "UPDATE payments.payments SET status = 'authorising' WHERE status = 'requires_action'"
    )
    op.execute("ALTER TABLE payments.transitions DISABLE TRIGGER append_only")
    for side in ("before", "after"):
        op.execute(
            f"UPDATE payments.transitions SET {side} = 'authorising'"  # noqa: S608 - two columns
            f" WHERE {side} = 'requires_action'"
        )
    op.execute("ALTER TABLE payments.transitions ENABLE TRIGGER append_only")
    _statuses(OLD, 12)


def _statuses(allowed: str, length: int) -> None:
    op.drop_constraint(op.f("ck_payments_status"), "payments", schema="payments")
    kind = sa.String(length=length)
    op.alter_column("payments", "status", type_=kind, schema="payments")
    op.alter_column("transitions", "before", type_=kind, schema="payments")
    op.alter_column("transitions", "after", type_=kind, schema="payments")
    op.create_check_constraint(
        op.f("ck_payments_status"), "payments", f"status IN ({allowed})", schema="payments"
    )


def _refunds() -> None:
    now = sa.text("now()")
    stamp = sa.DateTime(timezone=True)
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("amount_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=True),
        sa.Column("occurred_at", stamp, server_default=now, nullable=False),
        sa.Column("known_at", stamp, server_default=now, nullable=False),
        sa.Column("ingested_at", stamp, server_default=now, nullable=False),
        sa.Column("import_batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount_amount > 0", name=op.f("ck_refunds_amount_amount")),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')", name=op.f("ck_refunds_status")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.payments.id"], name=op.f("fk_refunds_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("command_id", name=op.f("uq_refunds_command_id")),
        schema="payments",
    )
    op.create_index("ix_refunds_payment_id_id", "refunds", ["payment_id", "id"], schema="payments")
    op.create_index(
        "ix_refunds_pending",
        "refunds",
        ["known_at"],
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("user_id", "provider", name=op.f("pk_customers")),
        sa.UniqueConstraint("reference", name=op.f("uq_customers_reference")),
        schema="payments",
    )

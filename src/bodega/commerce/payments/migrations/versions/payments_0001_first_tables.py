"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0001"
down_revision = None
branch_labels = ("payments",)
depends_on = None


APPEND_ONLY = """
CREATE FUNCTION payments.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payments.transitions is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.transitions
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("amount_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=True),
        sa.Column("payment_token", sa.Text(), nullable=True),
        sa.Column("card_brand", sa.String(length=20), nullable=True),
        sa.Column("card_last4", sa.String(length=4), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "ingested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("import_batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "status IN ('authorising', 'authorised', 'declined', 'capturing', 'captured', 'voiding', 'voided')",
            name=op.f("ck_payments_status"),
        ),
        sa.CheckConstraint("amount_amount >= 0", name=op.f("ck_payments_amount_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("checkout_id", name=op.f("uq_payments_checkout_id")),
        schema="payments",
    )
    op.create_index(
        "ix_payments_unsettled",
        "payments",
        ["known_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("status IN ('authorising', 'capturing', 'voiding')"),
    )
    op.create_table(
        "transitions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.String(length=12), nullable=True),
        sa.Column("after", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.payments.id"], name=op.f("fk_transitions_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
        schema="payments",
    )
    op.create_index(
        "ix_transitions_payment_id_id",
        "transitions",
        ["payment_id", "id"],
        unique=False,
        schema="payments",
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_index("ix_transitions_payment_id_id", table_name="transitions", schema="payments")
    op.drop_table("transitions", schema="payments")
    op.drop_index(
        "ix_payments_unsettled",
        table_name="payments",
        schema="payments",
        postgresql_where=sa.text("status IN ('authorising', 'capturing', 'voiding')"),
    )
    op.drop_table("payments", schema="payments")
    op.execute("DROP FUNCTION payments.refuse_change()")

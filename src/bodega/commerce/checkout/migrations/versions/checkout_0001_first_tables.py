"""First tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "checkout_0001"
down_revision = None
branch_labels = ("checkout",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("payment_token", sa.Text(), nullable=True),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("order_number", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=True),
        sa.Column("decline_code", sa.String(length=60), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'undoing', 'completed', 'failed')",
            name=op.f("ck_checkouts_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
        schema="checkout",
    )
    op.create_index(
        "ix_checkouts_live",
        "checkouts",
        ["leased_until"],
        unique=False,
        schema="checkout",
        postgresql_where=sa.text("state IN ('running', 'undoing')"),
    )
    op.create_index(
        "ux_checkouts_cart",
        "checkouts",
        ["cart_id"],
        unique=True,
        schema="checkout",
        postgresql_where=sa.text("state <> 'failed'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ux_checkouts_cart",
        table_name="checkouts",
        schema="checkout",
        postgresql_where=sa.text("state <> 'failed'"),
    )
    op.drop_index(
        "ix_checkouts_live",
        table_name="checkouts",
        schema="checkout",
        postgresql_where=sa.text("state IN ('running', 'undoing')"),
    )
    op.drop_table("checkouts", schema="checkout")

"""Carts that were left, with what lay in them, and when they were ordered after all."""

import sqlalchemy as sa
from alembic import op

revision = "cart_0003"
down_revision = "cart_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "abandonments",
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("value_amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(value_amount IS NULL) = (currency IS NULL)", name=op.f("ck_abandonments_value")
        ),
        sa.PrimaryKeyConstraint("cart_id", "abandoned_at", name=op.f("pk_abandonments")),
        schema="cart",
    )


def downgrade() -> None:
    op.drop_table("abandonments", schema="cart")

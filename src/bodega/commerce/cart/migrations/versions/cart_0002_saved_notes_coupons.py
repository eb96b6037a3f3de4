"""Saved lines, the price last seen, notes, coupons, successors and abandonment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "cart_0002"
down_revision = "cart_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "carts",
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        schema="cart",
    )
    op.add_column(
        "carts",
        sa.Column(
            "coupons",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        schema="cart",
    )
    op.add_column("carts", sa.Column("next_cart_id", sa.Uuid(), nullable=True), schema="cart")
    op.add_column(
        "carts",
        sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=True),
        schema="cart",
    )
    op.create_check_constraint(
        op.f("ck_carts_note"), "carts", "char_length(note) <= 500", schema="cart"
    )
    op.create_index(
        "ix_carts_idle",
        "carts",
        ["updated_at"],
        schema="cart",
        postgresql_where=sa.text("status = 'open' AND abandoned_at IS NULL"),
    )
    op.add_column(
        "lines",
        sa.Column("saved", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="cart",
    )
    op.add_column("lines", sa.Column("seen_amount", sa.BigInteger(), nullable=True), schema="cart")
    op.add_column(
        "lines", sa.Column("seen_currency", sa.CHAR(length=3), nullable=True), schema="cart"
    )


def downgrade() -> None:
    op.execute("DELETE FROM cart.lines WHERE saved")
    op.drop_column("lines", "seen_currency", schema="cart")
    op.drop_column("lines", "seen_amount", schema="cart")
    op.drop_column("lines", "saved", schema="cart")
    op.drop_index(
        "ix_carts_idle",
        table_name="carts",
        schema="cart",
        postgresql_where=sa.text("status = 'open' AND abandoned_at IS NULL"),
    )
    op.drop_constraint(op.f("ck_carts_note"), "carts", schema="cart", type_="check")
    op.drop_column("carts", "abandoned_at", schema="cart")
    op.drop_column("carts", "next_cart_id", schema="cart")
    op.drop_column("carts", "coupons", schema="cart")
    op.drop_column("carts", "note", schema="cart")

"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "cart_0001"
down_revision = None
branch_labels = ("cart",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("status IN ('open', 'ordered', 'merged')", name=op.f("ck_carts_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
        schema="cart",
    )
    op.create_index(
        "ix_carts_abandoned",
        "carts",
        ["updated_at"],
        unique=False,
        schema="cart",
        postgresql_where=sa.text("status <> 'ordered'"),
    )
    op.create_index(
        "ux_carts_open_customer",
        "carts",
        ["customer_id"],
        unique=True,
        schema="cart",
        postgresql_where=sa.text("status = 'open' AND customer_id IS NOT NULL"),
    )
    op.create_table(
        "lines",
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.carts.id"], name=op.f("fk_lines_cart_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cart_id", "variant_id", name=op.f("pk_lines")),
        schema="cart",
    )


def downgrade() -> None:
    op.drop_table("lines", schema="cart")
    op.drop_index(
        "ux_carts_open_customer",
        table_name="carts",
        schema="cart",
        postgresql_where=sa.text("status = 'open' AND customer_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_carts_abandoned",
        table_name="carts",
        schema="cart",
        postgresql_where=sa.text("status <> 'ordered'"),
    )
    op.drop_table("carts", schema="cart")

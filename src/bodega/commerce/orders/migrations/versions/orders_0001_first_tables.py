"""First tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "orders_0001"
down_revision = None
branch_labels = ("orders",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
        schema="orders",
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("country", sa.CHAR(length=2), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("subtotal_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
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
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('placed', 'paid', 'cancelled')", name=op.f("ck_orders_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("checkout_id", name=op.f("uq_orders_checkout_id")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
        schema="orders",
    )
    op.create_index(
        "ix_orders_customer",
        "orders",
        ["customer_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_orders_listing",
        "orders",
        [sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ux_orders_source", "orders", ["source", "source_key"], unique=True, schema="orders"
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
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
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('product', 'shipping', 'fee', 'discount', 'adjustment')",
            name=op.f("ck_order_lines_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_order_lines_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        schema="orders",
    )
    op.create_index(
        "ux_order_lines_order",
        "order_lines",
        ["order_id", "position"],
        unique=True,
        schema="orders",
    )
    op.create_table(
        "returns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.CHAR(length=2), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
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
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_returns_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_returns_order_id"), "returns", ["order_id"], unique=False, schema="orders"
    )
    op.create_index(
        "ux_returns_source", "returns", ["source", "source_key"], unique=True, schema="orders"
    )
    op.create_table(
        "return_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
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
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('product', 'shipping', 'fee', 'discount', 'adjustment')",
            name=op.f("ck_return_lines_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["orders.order_lines.id"], name=op.f("fk_return_lines_order_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["orders.returns.id"], name=op.f("fk_return_lines_return_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_lines")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_return_lines_order_line_id"),
        "return_lines",
        ["order_line_id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        op.f("ix_return_lines_return_id"),
        "return_lines",
        ["return_id"],
        unique=False,
        schema="orders",
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_return_lines_return_id"), table_name="return_lines", schema="orders")
    op.drop_index(op.f("ix_return_lines_order_line_id"), table_name="return_lines", schema="orders")
    op.drop_table("return_lines", schema="orders")
    op.drop_index("ux_returns_source", table_name="returns", schema="orders")
    op.drop_index(op.f("ix_returns_order_id"), table_name="returns", schema="orders")
    op.drop_table("returns", schema="orders")
    op.drop_index("ux_order_lines_order", table_name="order_lines", schema="orders")
    op.drop_table("order_lines", schema="orders")
    op.drop_index("ux_orders_source", table_name="orders", schema="orders")
    op.drop_index("ix_orders_listing", table_name="orders", schema="orders")
    op.drop_index("ix_orders_customer", table_name="orders", schema="orders")
    op.drop_table("orders", schema="orders")
    op.drop_table("counters", schema="orders")

"""The whole life of an order: statuses, progress of lines, taxes, history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "orders_0002"
down_revision = "orders_0001"
branch_labels = None
depends_on = None

_STATUSES = (
    "pending", "paid", "allocated", "partially_fulfilled", "fulfilled", "partially_delivered",
    "delivered", "partially_returned", "returned", "cancelled",
)  # fmt: skip


def upgrade() -> None:
    op.drop_constraint(op.f("ck_orders_status"), "orders", schema="orders")
    op.alter_column("orders", "status", type_=sa.String(length=20), schema="orders")
    op.execute("UPDATE orders.orders SET status = 'pending' WHERE status = 'placed'")
    listed = ", ".join(f"'{status}'" for status in _STATUSES)
    op.create_check_constraint(
        op.f("ck_orders_status"), "orders", f"status IN ({listed})", schema="orders"
    )
    for column in (
        sa.Column("billing_address", postgresql.JSONB(), nullable=True),
        sa.Column("shipping_method_id", sa.Uuid(), nullable=True),
        sa.Column("shipping_method", sa.Text(), nullable=True),
        sa.Column("coupons", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("refunded_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("orders", column, schema="orders")
    op.create_check_constraint(
        op.f("ck_orders_refunded"),
        "orders",
        "refunded_amount BETWEEN 0 AND greatest(total_amount, 0)",
        schema="orders",
    )
    _widen_lines()
    _create_history()


def _widen_lines() -> None:
    for column in (
        sa.Column("discount_amount", sa.BigInteger(), nullable=True),
        sa.Column("tax_amount", sa.BigInteger(), nullable=True),
        sa.Column("tax_rate", sa.Numeric(9, 6), server_default=sa.text("0"), nullable=False),
        sa.Column("tax_included", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("fulfilled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("returned", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("order_lines", column, schema="orders")
    op.create_check_constraint(
        op.f("ck_order_lines_progress"),
        "order_lines",
        "returned BETWEEN 0 AND fulfilled AND delivered BETWEEN 0 AND fulfilled"
        " AND fulfilled <= greatest(quantity, 0)",
        schema="orders",
    )


def _create_history() -> None:
    op.create_table(
        "history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("status_before", sa.String(length=20), nullable=True),
        sa.Column("status_after", sa.String(length=20), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_history_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        schema="orders",
    )
    op.create_index("ix_history_order", "history", ["order_id", "id"], schema="orders")
    op.execute(
        """CREATE FUNCTION orders.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
    )
    op.execute(
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders.history
           FOR EACH ROW EXECUTE FUNCTION orders.refuse_change()"""
    )


def downgrade() -> None:
    op.drop_table("history", schema="orders")
    op.execute("DROP FUNCTION orders.refuse_change()")
    op.drop_constraint(op.f("ck_order_lines_progress"), "order_lines", schema="orders")
    for name in (
        "returned", "delivered", "fulfilled", "tax_included", "tax_rate", "tax_amount",
        "discount_amount",
    ):  # fmt: skip
        op.drop_column("order_lines", name, schema="orders")
    op.drop_constraint(op.f("ck_orders_refunded"), "orders", schema="orders")
    for name in (
        "refunded_amount", "note", "coupons", "shipping_method", "shipping_method_id",
        "billing_address",
    ):  # fmt: skip
        op.drop_column("orders", name, schema="orders")
    op.drop_constraint(op.f("ck_orders_status"), "orders", schema="orders")
    op.execute("UPDATE orders.orders SET status = 'placed' WHERE status = 'pending'")
    op.execute(
        "UPDATE orders.orders SET status = 'paid' WHERE status NOT IN ('placed', 'cancelled')"
    )
    op.alter_column("orders", "status", type_=sa.String(length=10), schema="orders")
    op.create_check_constraint(
        op.f("ck_orders_status"),
        "orders",
        "status IN ('placed', 'paid', 'cancelled')",
        schema="orders",
    )

"""After the sale: operations, shipments, refunds, returns, invoices and credit notes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "orders_0003"
down_revision = "orders_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_orders_email",
        "orders",
        [sa.literal_column("lower(email)")],
        schema="orders",
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_waiting",
        "orders",
        ["id"],
        schema="orders",
        postgresql_where=sa.text("status = 'paid' AND checkout_id IS NOT NULL"),
    )
    op.create_index("ix_order_lines_sku", "order_lines", ["sku"], schema="orders")
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payment_token", sa.Text(), nullable=True),
        sa.Column("reference", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("failure_code", sa.String(length=60), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('cancel', 'ship', 'edit', 'refund', 'return')",
            name=op.f("ck_operations_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('running', 'undoing', 'done', 'failed')", name=op.f("ck_operations_state")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_operations_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
        schema="orders",
    )
    op.create_index(
        "ix_operations_due",
        "operations",
        ["leased_until"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("state IN ('running', 'undoing')"),
    )
    op.create_index(
        "ix_operations_order", "operations", ["order_id", "id"], unique=False, schema="orders"
    )
    op.create_index(
        "ux_operations_live",
        "operations",
        ["order_id"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("state IN ('running', 'undoing')"),
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "step IN ('shipped', 'in_transit', 'out_for_delivery', 'exception', 'delivered')",
            name=op.f("ck_shipments_step"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_shipments_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_shipments_order_id"), "shipments", ["order_id"], unique=False, schema="orders"
    )
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["orders.order_lines.id"],
            name=op.f("fk_shipment_lines_order_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["orders.shipments.id"], name=op.f("fk_shipment_lines_shipment_id")
        ),
        sa.PrimaryKeyConstraint("shipment_id", "order_line_id", name=op.f("pk_shipment_lines")),
        schema="orders",
    )
    op.create_index(
        "ix_shipment_lines_line", "shipment_lines", ["order_line_id"], unique=False, schema="orders"
    )
    op.create_table(
        "shipment_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["orders.shipments.id"], name=op.f("fk_shipment_events_shipment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_events")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_shipment_events_shipment_id"),
        "shipment_events",
        ["shipment_id"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["orders.operations.id"], name=op.f("fk_refunds_operation_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_refunds_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_refunds_operation_id")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_refunds_order_id"), "refunds", ["order_id"], unique=False, schema="orders"
    )
    op.create_table(
        "refund_lines",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("refund_amount", sa.BigInteger(), nullable=False),
        sa.Column("refund_currency", sa.CHAR(length=3), nullable=False),
        sa.CheckConstraint("refund_amount >= 0", name=op.f("ck_refund_lines_amount")),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["orders.order_lines.id"], name=op.f("fk_refund_lines_order_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["orders.refunds.id"], name=op.f("fk_refund_lines_refund_id")
        ),
        sa.PrimaryKeyConstraint("refund_id", "order_line_id", name=op.f("pk_refund_lines")),
        schema="orders",
    )
    op.create_index(
        "ix_refund_lines_line", "refund_lines", ["order_line_id"], unique=False, schema="orders"
    )
    op.create_table(
        "return_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("exchange_order_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "status IN ('requested', 'approved', 'declined', 'received', 'closed', 'withdrawn')",
            name=op.f("ck_return_requests_status"),
        ),
        sa.ForeignKeyConstraint(
            ["exchange_order_id"],
            ["orders.orders.id"],
            name=op.f("fk_return_requests_exchange_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_return_requests_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_requests")),
        sa.UniqueConstraint("exchange_order_id", name=op.f("uq_return_requests_exchange_order_id")),
        sa.UniqueConstraint("number", name=op.f("uq_return_requests_number")),
        schema="orders",
    )
    op.create_index(
        "ix_return_requests_listing",
        "return_requests",
        [sa.literal_column("requested_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="orders",
    )
    op.create_index(
        op.f("ix_return_requests_order_id"),
        "return_requests",
        ["order_id"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "return_request_lines",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("exchange_variant_id", sa.Uuid(), nullable=True),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("restocked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("written_off", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "quantity > 0 AND received BETWEEN 0 AND quantity",
            name=op.f("ck_return_request_lines_received"),
        ),
        sa.CheckConstraint(
            "restocked >= 0 AND written_off >= 0 AND restocked + written_off <= received",
            name=op.f("ck_return_request_lines_inspected"),
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["orders.order_lines.id"],
            name=op.f("fk_return_request_lines_order_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["return_id"],
            ["orders.return_requests.id"],
            name=op.f("fk_return_request_lines_return_id"),
        ),
        sa.PrimaryKeyConstraint("return_id", "order_line_id", name=op.f("pk_return_request_lines")),
        schema="orders",
    )
    op.create_index(
        "ix_return_request_lines_line",
        "return_request_lines",
        ["order_line_id"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_documents_kind")),
        sa.CheckConstraint("net_amount + tax_amount = total_amount", name=op.f("ck_documents_sum")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.orders.id"], name=op.f("fk_documents_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_documents_order_id"), "documents", ["order_id"], unique=False, schema="orders"
    )
    op.create_index(
        "ux_documents_number", "documents", ["kind", "number"], unique=True, schema="orders"
    )
    op.execute(
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders.documents
           FOR EACH ROW EXECUTE FUNCTION orders.refuse_change()"""
    )


def downgrade() -> None:
    op.drop_table("documents", schema="orders")
    op.drop_table("return_request_lines", schema="orders")
    op.drop_table("return_requests", schema="orders")
    op.drop_table("refund_lines", schema="orders")
    op.drop_table("refunds", schema="orders")
    op.drop_table("shipment_events", schema="orders")
    op.drop_table("shipment_lines", schema="orders")
    op.drop_table("shipments", schema="orders")
    op.drop_table("operations", schema="orders")
    op.drop_index("ix_order_lines_sku", table_name="order_lines", schema="orders")
    op.drop_index("ix_orders_waiting", table_name="orders", schema="orders")
    op.drop_index("ix_orders_email", table_name="orders", schema="orders")

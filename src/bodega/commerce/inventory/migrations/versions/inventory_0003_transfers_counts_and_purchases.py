"""Transfers between locations, cycle counts, suppliers and purchase orders."""

import sqlalchemy as sa
from alembic import op

revision = "inventory_0003"
down_revision = "inventory_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("lead_days", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("lead_days >= 0", name=op.f("ck_suppliers_lead_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("code", name=op.f("uq_suppliers_code")),
        schema="inventory",
    )
    op.create_table(
        "counts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'closed', 'cancelled')", name=op.f("ck_counts_status")
        ),
        sa.ForeignKeyConstraint(
            ["location"], ["inventory.locations.code"], name=op.f("fk_counts_location")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counts")),
        schema="inventory",
    )
    op.create_index(
        "ix_counts_open",
        "counts",
        ["location"],
        unique=False,
        schema="inventory",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "offers",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("cost_amount", sa.BigInteger(), nullable=False),
        sa.Column("cost_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("pack_size", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("min_quantity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("preferred", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "cost_amount >= 0 AND pack_size > 0 AND min_quantity > 0", name=op.f("ck_offers_terms")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["inventory.suppliers.id"], name=op.f("fk_offers_supplier_id")
        ),
        sa.PrimaryKeyConstraint("supplier_id", "variant_id", name=op.f("pk_offers")),
        schema="inventory",
    )
    op.create_index(
        "ix_offers_variant_id", "offers", ["variant_id"], unique=False, schema="inventory"
    )
    op.create_table(
        "purchases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False, start=1001), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'ordered', 'partially_received', 'received', 'closed', 'cancelled')",
            name=op.f("ck_purchases_status"),
        ),
        sa.ForeignKeyConstraint(
            ["location"], ["inventory.locations.code"], name=op.f("fk_purchases_location")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["inventory.suppliers.id"], name=op.f("fk_purchases_supplier_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("number", name=op.f("uq_purchases_number")),
        schema="inventory",
    )
    op.create_index(
        "ix_purchases_open",
        "purchases",
        ["supplier_id"],
        unique=False,
        schema="inventory",
        postgresql_where=sa.text("status IN ('ordered', 'partially_received')"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("destination", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('in_transit', 'received', 'closed')", name=op.f("ck_transfers_status")
        ),
        sa.CheckConstraint("source <> destination", name=op.f("ck_transfers_route")),
        sa.ForeignKeyConstraint(
            ["destination"], ["inventory.locations.code"], name=op.f("fk_transfers_destination")
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["inventory.locations.code"], name=op.f("fk_transfers_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        schema="inventory",
    )
    op.create_table(
        "count_lines",
        sa.Column("count_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_count_lines_counted")),
        sa.ForeignKeyConstraint(
            ["count_id"], ["inventory.counts.id"], name=op.f("fk_count_lines_count_id")
        ),
        sa.PrimaryKeyConstraint("count_id", "variant_id", name=op.f("pk_count_lines")),
        schema="inventory",
    )
    op.create_table(
        "purchase_lines",
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost_amount", sa.BigInteger(), nullable=False),
        sa.Column("cost_currency", sa.CHAR(length=3), nullable=False),
        sa.CheckConstraint("cost_amount >= 0", name=op.f("ck_purchase_lines_cost")),
        sa.CheckConstraint(
            "quantity > 0 AND received >= 0 AND received <= quantity",
            name=op.f("ck_purchase_lines_received"),
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["inventory.purchases.id"], name=op.f("fk_purchase_lines_purchase_id")
        ),
        sa.PrimaryKeyConstraint("purchase_id", "variant_id", name=op.f("pk_purchase_lines")),
        schema="inventory",
    )
    op.create_index(
        "ix_purchase_lines_variant_id",
        "purchase_lines",
        ["variant_id"],
        unique=False,
        schema="inventory",
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["inventory.purchases.id"], name=op.f("fk_receipts_purchase_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        schema="inventory",
    )
    op.create_index(
        "ix_receipts_purchase_id", "receipts", ["purchase_id"], unique=False, schema="inventory"
    )
    op.create_table(
        "transfer_lines",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 AND received >= 0 AND received <= quantity",
            name=op.f("ck_transfer_lines_received"),
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["inventory.transfers.id"], name=op.f("fk_transfer_lines_transfer_id")
        ),
        sa.PrimaryKeyConstraint("transfer_id", "variant_id", name=op.f("pk_transfer_lines")),
        schema="inventory",
    )
    op.create_table(
        "receipt_lines",
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_receipt_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["inventory.receipts.id"], name=op.f("fk_receipt_lines_receipt_id")
        ),
        sa.PrimaryKeyConstraint("receipt_id", "variant_id", name=op.f("pk_receipt_lines")),
        schema="inventory",
    )


def downgrade() -> None:
    op.drop_table("receipt_lines", schema="inventory")
    op.drop_table("transfer_lines", schema="inventory")
    op.drop_index("ix_receipts_purchase_id", table_name="receipts", schema="inventory")
    op.drop_table("receipts", schema="inventory")
    op.drop_index("ix_purchase_lines_variant_id", table_name="purchase_lines", schema="inventory")
    op.drop_table("purchase_lines", schema="inventory")
    op.drop_table("count_lines", schema="inventory")
    op.drop_table("transfers", schema="inventory")
    op.drop_index(
        "ix_purchases_open",
        table_name="purchases",
        schema="inventory",
        postgresql_where=sa.text("status IN ('ordered', 'partially_received')"),
    )
    op.drop_table("purchases", schema="inventory")
    op.drop_index("ix_offers_variant_id", table_name="offers", schema="inventory")
    op.drop_table("offers", schema="inventory")
    op.drop_index(
        "ix_counts_open",
        table_name="counts",
        schema="inventory",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_table("counts", schema="inventory")
    op.drop_table("suppliers", schema="inventory")

"""First tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "shipping_0001"
down_revision = None
branch_labels = ("shipping",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "countries", postgresql.ARRAY(sa.CHAR(length=2)), server_default="{}", nullable=False
        ),
        sa.Column(
            "postal_prefixes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
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
            "postal_prefixes = '{}' OR cardinality(countries) = 1",
            name=op.f("ck_zones_postal_prefixes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zones")),
        schema="shipping",
    )
    op.create_table(
        "methods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("free_above_amount", sa.BigInteger(), nullable=True),
        sa.Column("min_days", sa.Integer(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
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
        sa.CheckConstraint("basis IN ('flat', 'weight', 'price')", name=op.f("ck_methods_basis")),
        sa.CheckConstraint("min_days >= 0 AND max_days >= min_days", name=op.f("ck_methods_days")),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["shipping.zones.id"], name=op.f("fk_methods_zone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_methods")),
        schema="shipping",
    )
    op.create_index(
        op.f("ix_methods_zone_id"), "methods", ["zone_id"], unique=False, schema="shipping"
    )
    op.create_table(
        "tiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("method_id", sa.Uuid(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=True),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_tiers_price_amount")),
        sa.CheckConstraint("up_to >= 0", name=op.f("ck_tiers_up_to")),
        sa.ForeignKeyConstraint(
            ["method_id"], ["shipping.methods.id"], name=op.f("fk_tiers_method_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tiers")),
        schema="shipping",
    )
    op.create_index(
        "ux_tiers_limit",
        "tiers",
        ["method_id", sa.literal_column("coalesce(up_to, -1)")],
        unique=True,
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_index("ux_tiers_limit", table_name="tiers", schema="shipping")
    op.drop_table("tiers", schema="shipping")
    op.drop_index(op.f("ix_methods_zone_id"), table_name="methods", schema="shipping")
    op.drop_table("methods", schema="shipping")
    op.drop_table("zones", schema="shipping")

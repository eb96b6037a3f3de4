"""First tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "pricing_0001"
down_revision = None
branch_labels = ("pricing",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("base", sa.CHAR(length=3), nullable=False),
        sa.Column("quote", sa.CHAR(length=3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "imported_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("base <> quote", name=op.f("ck_exchange_rates_pair")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_exchange_rates_rate")),
        sa.PrimaryKeyConstraint("base", "quote", "day", name=op.f("pk_exchange_rates")),
        schema="pricing",
    )
    op.create_table(
        "promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("discount_amount", sa.BigInteger(), nullable=True),
        sa.Column("buy_quantity", sa.Integer(), nullable=True),
        sa.Column("get_quantity", sa.Integer(), nullable=True),
        sa.Column("min_subtotal_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("max_discount_amount", sa.BigInteger(), nullable=True),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("product_ids", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("exclusive", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("priority", sa.Integer(), server_default="100", nullable=False),
        sa.Column("total_limit", sa.Integer(), nullable=True),
        sa.Column("customer_limit", sa.Integer(), nullable=True),
        sa.Column("redeemed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
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
            "coalesce(CASE kind WHEN 'percentage' THEN percent > 0 AND percent <= 100 WHEN 'fixed' THEN discount_amount > 0 WHEN 'buy_x_get_y' THEN buy_quantity > 0 AND get_quantity > 0 AND percent > 0 AND percent <= 100 WHEN 'free_shipping' THEN true END, false)",
            name=op.f("ck_promotions_kind"),
        ),
        sa.CheckConstraint("redeemed >= 0", name=op.f("ck_promotions_redeemed")),
        sa.CheckConstraint(
            "total_limit > 0 AND customer_limit > 0", name=op.f("ck_promotions_limits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        schema="pricing",
    )
    op.create_index(
        "ix_promotions_automatic",
        "promotions",
        ["id"],
        unique=False,
        schema="pricing",
        postgresql_where=sa.text("automatic AND active"),
    )
    op.create_table(
        "tax_countries",
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("prices_include_tax", sa.Boolean(), nullable=False),
        sa.Column("collected", sa.Boolean(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_tax_countries")),
        schema="pricing",
    )
    op.create_table(
        "tax_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("region", sa.String(length=3), server_default="", nullable=False),
        sa.Column("tax_class", sa.String(length=20), nullable=False),
        sa.Column("rate", sa.Numeric(precision=7, scale=6), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("rate >= 0 AND rate < 1", name=op.f("ck_tax_rates_rate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rates")),
        schema="pricing",
    )
    op.create_index(
        "ux_tax_rates_place",
        "tax_rates",
        ["country", "region", "tax_class", "valid_from"],
        unique=True,
        schema="pricing",
    )
    op.create_table(
        "coupons",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("total_limit", sa.Integer(), nullable=True),
        sa.Column("redeemed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("redeemed >= 0", name=op.f("ck_coupons_redeemed")),
        sa.CheckConstraint("total_limit > 0", name=op.f("ck_coupons_limits")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["pricing.promotions.id"], name=op.f("fk_coupons_promotion_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupons")),
        schema="pricing",
    )
    op.create_index(
        op.f("ix_coupons_promotion_id"), "coupons", ["promotion_id"], unique=False, schema="pricing"
    )
    op.create_table(
        "redemptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("coupon_code", sa.String(length=40), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "redeemed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["coupon_code"], ["pricing.coupons.code"], name=op.f("fk_redemptions_coupon_code")
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["pricing.promotions.id"], name=op.f("fk_redemptions_promotion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemptions")),
        schema="pricing",
    )
    op.create_index(
        "ix_redemptions_live",
        "redemptions",
        ["promotion_id", "customer_id"],
        unique=False,
        schema="pricing",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_index(
        "ux_redemptions_checkout",
        "redemptions",
        ["checkout_id", "promotion_id"],
        unique=True,
        schema="pricing",
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ux_redemptions_checkout",
        table_name="redemptions",
        schema="pricing",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_index(
        "ix_redemptions_live",
        table_name="redemptions",
        schema="pricing",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_table("redemptions", schema="pricing")
    op.drop_index(op.f("ix_coupons_promotion_id"), table_name="coupons", schema="pricing")
    op.drop_table("coupons", schema="pricing")
    op.drop_index("ux_tax_rates_place", table_name="tax_rates", schema="pricing")
    op.drop_table("tax_rates", schema="pricing")
    op.drop_table("tax_countries", schema="pricing")
    op.drop_index(
        "ix_promotions_automatic",
        table_name="promotions",
        schema="pricing",
        postgresql_where=sa.text("automatic AND active"),
    )
    op.drop_table("promotions", schema="pricing")
    op.drop_table("exchange_rates", schema="pricing")

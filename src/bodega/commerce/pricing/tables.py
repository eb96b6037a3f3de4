"""The tables of pricing."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CHAR

from bodega.backbone.tables import id_column, metadata, money_columns, time_columns

METADATA = metadata("pricing")


def _stamp(name: str, *, nullable: bool = False) -> Column[object]:
    default = None if nullable else text("now()")
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


promotions = Table(
    "promotions",
    METADATA,
    id_column(),
    Column("title", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("percent", Numeric(5, 2)),
    Column("discount_amount", BigInteger),
    Column("buy_quantity", Integer),
    Column("get_quantity", Integer),
    Column("min_subtotal_amount", BigInteger, nullable=False, server_default="0"),
    Column("max_discount_amount", BigInteger),
    Column("categories", ARRAY(Text), nullable=False, server_default="{}"),
    Column("product_ids", ARRAY(Uuid), nullable=False, server_default="{}"),
    Column("automatic", Boolean, nullable=False),
    Column("exclusive", Boolean, nullable=False, server_default="false"),
    Column("priority", Integer, nullable=False, server_default="100"),
    Column("total_limit", Integer),
    Column("customer_limit", Integer),
    Column("redeemed", Integer, nullable=False, server_default="0"),
    _stamp("starts_at", nullable=True),
    _stamp("ends_at", nullable=True),
    Column("active", Boolean, nullable=False, server_default="true"),
    *time_columns(),
    CheckConstraint(
        "coalesce(CASE kind WHEN 'percentage' THEN percent > 0 AND percent <= 100"
        " WHEN 'fixed' THEN discount_amount > 0"
        " WHEN 'buy_x_get_y' THEN buy_quantity > 0 AND get_quantity > 0"
        " AND percent > 0 AND percent <= 100"
        " WHEN 'free_shipping' THEN true END, false)",
        name="kind",
    ),
    CheckConstraint("redeemed >= 0", name="redeemed"),
    CheckConstraint("total_limit > 0 AND customer_limit > 0", name="limits"),
    Index("ix_promotions_automatic", "id", postgresql_where=text("automatic AND active")),
)

coupons = Table(
    "coupons",
    METADATA,
    Column("code", String(40), primary_key=True),
    Column("promotion_id", Uuid, ForeignKey("pricing.promotions.id"), nullable=False, index=True),
    Column("total_limit", Integer),
    Column("redeemed", Integer, nullable=False, server_default="0"),
    Column("active", Boolean, nullable=False, server_default="true"),
    _stamp("created_at"),
    CheckConstraint("redeemed >= 0", name="redeemed"),
    CheckConstraint("total_limit > 0", name="limits"),
)

redemptions = Table(
    "redemptions",
    METADATA,
    id_column(),
    Column("checkout_id", Uuid, nullable=False),
    Column("promotion_id", Uuid, ForeignKey("pricing.promotions.id"), nullable=False),
    Column("coupon_code", String(40), ForeignKey("pricing.coupons.code")),
    Column("customer_id", Uuid),
    *money_columns("discount"),
    _stamp("redeemed_at"),
    _stamp("released_at", nullable=True),
    Index(
        "ux_redemptions_checkout",
        "checkout_id",
        "promotion_id",
        unique=True,
        postgresql_where=text("released_at IS NULL"),
    ),
    Index(
        "ix_redemptions_live",
        "promotion_id",
        "customer_id",
        postgresql_where=text("released_at IS NULL"),
    ),
)

tax_countries = Table(
    "tax_countries",
    METADATA,
    Column("country", CHAR(2), primary_key=True),
    Column("prices_include_tax", Boolean, nullable=False),
    Column("collected", Boolean, nullable=False),
    _stamp("changed_at"),
)

tax_rates = Table(
    "tax_rates",
    METADATA,
    id_column(),
    Column("country", CHAR(2), nullable=False),
    Column("region", String(3), nullable=False, server_default=""),
    Column("tax_class", String(20), nullable=False),
    Column("rate", Numeric(7, 6), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("source", Text, nullable=False),
    _stamp("created_at"),
    CheckConstraint("rate >= 0 AND rate < 1", name="rate"),
    Index("ux_tax_rates_place", "country", "region", "tax_class", "valid_from", unique=True),
)

exchange_rates = Table(
    "exchange_rates",
    METADATA,
    Column("base", CHAR(3), primary_key=True),
    Column("quote", CHAR(3), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rate", Numeric(24, 12), nullable=False),
    Column("source", Text, nullable=False),
    _stamp("imported_at"),
    CheckConstraint("rate > 0", name="rate"),
    CheckConstraint("base <> quote", name="pair"),
)

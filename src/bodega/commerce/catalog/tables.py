"""The catalogue's tables."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from bodega.backbone.tables import (
    id_column,
    metadata,
    money_columns,
    source_columns,
    time_columns,
)

METADATA = metadata("catalog")

products = Table(
    "products",
    METADATA,
    id_column(),
    Column("slug", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("category", Text),
    Column("status", String(10), nullable=False),
    Column("image_url", Text),
    Column("tax_class", String(20), nullable=False, server_default="standard"),
    *time_columns(),
    *source_columns(),
    CheckConstraint("status IN ('active', 'draft', 'archived')", name="status"),
    Index("ux_products_source", "source", "source_key", unique=True),
    Index(
        "ix_products_listing",
        text("occurred_at DESC"),
        text("id DESC"),
        postgresql_where=text("status = 'active'"),
    ),
)

variants = Table(
    "variants",
    METADATA,
    id_column(),
    Column(
        "product_id",
        Uuid,
        ForeignKey("catalog.products.id"),
        nullable=False,
        index=True,
    ),
    Column("sku", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    *money_columns("price"),
    Column("weight_grams", Integer, nullable=False, server_default="0"),
    Column("min_quantity", Integer, nullable=False, server_default="1"),
    Column("max_quantity", Integer),
    Column("quantity_step", Integer, nullable=False, server_default="1"),
    Column("purchase_limit", Integer),
    Column("purchase_limit_days", Integer),
    Column("status", String(10), nullable=False),
    *time_columns(),
    *source_columns(),
    CheckConstraint("price_amount >= 0", name="price_amount"),
    CheckConstraint("weight_grams >= 0", name="weight_grams"),
    CheckConstraint(
        "min_quantity >= 1 AND quantity_step >= 1 AND max_quantity >= min_quantity",
        name="quantities",
    ),
    CheckConstraint(
        "purchase_limit >= min_quantity AND (purchase_limit_days IS NULL"
        " OR purchase_limit IS NOT NULL AND purchase_limit_days >= 1)",
        name="purchase_limit",
    ),
    CheckConstraint("status IN ('active', 'draft', 'archived')", name="status"),
)

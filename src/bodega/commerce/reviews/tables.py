"""The reviews' tables."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column, metadata, time_columns

METADATA = metadata("reviews")

reviews = Table(
    "reviews",
    METADATA,
    id_column(),
    Column("product_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("rating", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", String(10), nullable=False),
    *time_columns(),
    UniqueConstraint("product_id", "customer_id"),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    CheckConstraint("status IN ('published', 'hidden')", name="status"),
    Index(
        "ix_reviews_listing",
        "product_id",
        text("occurred_at DESC"),
        text("id DESC"),
        postgresql_where=text("status = 'published'"),
    ),
)

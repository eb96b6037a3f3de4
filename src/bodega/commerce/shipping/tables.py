"""The tables of shipping."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY, CHAR

from bodega.backbone.tables import id_column, metadata, time_columns

METADATA = metadata("shipping")

zones = Table(
    "zones",
    METADATA,
    id_column(),
    Column("name", Text, nullable=False),
    Column("countries", ARRAY(CHAR(2)), nullable=False, server_default="{}"),
    Column("postal_prefixes", ARRAY(Text), nullable=False, server_default="{}"),
    Column("active", Boolean, nullable=False, server_default="true"),
    *time_columns(),
    CheckConstraint("postal_prefixes = '{}' OR cardinality(countries) = 1", name="postal_prefixes"),
)

methods = Table(
    "methods",
    METADATA,
    id_column(),
    Column("zone_id", Uuid, ForeignKey("shipping.zones.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("carrier", Text),
    Column("basis", String(10), nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("free_above_amount", BigInteger),
    Column("min_days", Integer, nullable=False),
    Column("max_days", Integer, nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("active", Boolean, nullable=False, server_default="true"),
    *time_columns(),
    CheckConstraint("basis IN ('flat', 'weight', 'price')", name="basis"),
    CheckConstraint("min_days >= 0 AND max_days >= min_days", name="days"),
)

tiers = Table(
    "tiers",
    METADATA,
    id_column(),
    Column("method_id", Uuid, ForeignKey("shipping.methods.id"), nullable=False),
    Column("up_to", BigInteger),
    Column("price_amount", BigInteger, nullable=False),
    CheckConstraint("price_amount >= 0", name="price_amount"),
    CheckConstraint("up_to >= 0", name="up_to"),
    Index("ux_tiers_limit", "method_id", text("coalesce(up_to, -1)"), unique=True),
)

"""The tables of inventory."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from bodega.backbone.tables import id_column, metadata, time_columns

METADATA = metadata("inventory")

levels = Table(
    "levels",
    METADATA,
    Column("variant_id", Uuid, primary_key=True),
    Column("location", String(40), primary_key=True),
    Column("on_hand", Integer, nullable=False),
    *time_columns(),
    CheckConstraint("on_hand >= 0", name="on_hand"),
    Index(
        "ix_levels_import", "import_batch_id", postgresql_where=text("import_batch_id IS NOT NULL")
    ),
)

reservations = Table(
    "reservations",
    METADATA,
    id_column(),
    Column("checkout_id", Uuid, nullable=False),
    Column("variant_id", Uuid, nullable=False),
    Column("location", String(40), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("status IN ('held', 'consumed', 'released')", name="status"),
    Index("ux_reservations_checkout", "checkout_id", "variant_id", "location", unique=True),
    Index(
        "ix_reservations_held",
        "variant_id",
        "location",
        postgresql_where=text("status = 'held'"),
    ),
)

movements = Table(
    "movements",
    METADATA,
    id_column(),
    Column("variant_id", Uuid, nullable=False),
    Column("location", String(40), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference_id", Uuid),
    *time_columns(),
    CheckConstraint("quantity <> 0", name="quantity"),
    Index("ix_movements_variant", "variant_id", "location", "id"),
    Index(
        "ux_movements_imported",
        "variant_id",
        "location",
        unique=True,
        postgresql_where=text("import_batch_id IS NOT NULL"),
    ),
)

"""Locations, levels, what is held and promised, and the ledger of movements."""

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
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CHAR

from bodega.backbone.tables import id_column, time_columns
from bodega.commerce.inventory.tables.base import METADATA

_NOW = text("now()")
_ZERO = text("0")

locations = Table(
    "locations",
    METADATA,
    id_column(),
    Column("code", String(40), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("country", CHAR(2)),
    Column("serves", ARRAY(CHAR(2)), nullable=False, server_default=text("'{}'")),
    Column("priority", SmallInteger, nullable=False, server_default=text("100")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("kind IN ('warehouse', 'shop')", name="kind"),
)

levels = Table(
    "levels",
    METADATA,
    Column("variant_id", Uuid, primary_key=True),
    Column("location", String(40), ForeignKey(locations.c.code), primary_key=True),
    Column("on_hand", Integer, nullable=False),
    *time_columns(),
    Column("allocated", Integer, nullable=False, server_default=_ZERO),
    Column("safety_stock", Integer, nullable=False, server_default=_ZERO),
    Column("reorder_point", Integer, nullable=False, server_default=_ZERO),
    Column("reorder_quantity", Integer, nullable=False, server_default=_ZERO),
    Column("backorder", String(10), nullable=False, server_default=text("'none'")),
    Column("allowance", Integer, nullable=False, server_default=_ZERO),
    Column("available_on", Date),
    CheckConstraint("on_hand >= 0", name="on_hand"),
    CheckConstraint("allocated >= 0", name="allocated"),
    CheckConstraint(
        "safety_stock >= 0 AND reorder_point >= 0 AND reorder_quantity >= 0 AND allowance >= 0",
        name="thresholds",
    ),
    CheckConstraint("backorder IN ('none', 'backorder', 'preorder')", name="backorder"),
    CheckConstraint("(backorder = 'none') = (allowance = 0)", name="allowance"),
    CheckConstraint("(backorder = 'preorder') = (available_on IS NOT NULL)", name="available_on"),
    Index(
        "ix_levels_import", "import_batch_id", postgresql_where=text("import_batch_id IS NOT NULL")
    ),
    Index("ix_levels_location", "location"),
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
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("status IN ('held', 'allocated', 'released')", name="status"),
    Index("ux_reservations_checkout", "checkout_id", "variant_id", "location", unique=True),
    Index(
        "ix_reservations_held",
        "variant_id",
        "location",
        postgresql_where=text("status = 'held'"),
    ),
)

allocations = Table(
    "allocations",
    METADATA,
    id_column(),
    Column("checkout_id", Uuid, nullable=False),
    Column("variant_id", Uuid, nullable=False),
    Column("location", String(40), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("sent", Integer, nullable=False, server_default=_ZERO),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("sent >= 0 AND quantity >= sent", name="sent"),
    Index("ix_allocations_checkout_id", "checkout_id"),
    Index(
        "ix_allocations_open",
        "variant_id",
        "location",
        "id",
        postgresql_where=text("sent < quantity"),
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
    Column("promised", Integer, nullable=False, server_default=_ZERO),
    Column("unit_cost_amount", BigInteger),
    Column("unit_cost_currency", CHAR(3)),
    Column("actor", Text),
    CheckConstraint("quantity <> 0 OR promised <> 0", name="quantity"),
    CheckConstraint("(unit_cost_amount IS NULL) = (unit_cost_currency IS NULL)", name="unit_cost"),
    Index("ix_movements_variant", "variant_id", "location", "id"),
    Index(
        "ux_movements_imported",
        "variant_id",
        "location",
        unique=True,
        postgresql_where=text("import_batch_id IS NOT NULL"),
    ),
)

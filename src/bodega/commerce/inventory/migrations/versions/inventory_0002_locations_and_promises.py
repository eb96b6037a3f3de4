"""Locations, promised units, thresholds; sold units that were never sent become promises."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, CHAR

revision = "inventory_0002"
down_revision = "inventory_0001"
branch_labels = None
depends_on = None

SCHEMA = "inventory"
MAIN = """
INSERT INTO inventory.locations (id, code, name, kind)
VALUES ('6d61696e-0000-7000-8000-000000000001', 'main', 'Main', 'warehouse');
INSERT INTO inventory.locations (id, code, name, kind)
SELECT gen_random_uuid(), found.location, found.location, 'warehouse'
FROM (SELECT DISTINCT location FROM inventory.levels) AS found WHERE found.location <> 'main';
"""
# A sale used to take units off the shelf at once. Nothing was ever sent, so they are still there.
PROMISES = """
INSERT INTO inventory.allocations (id, checkout_id, variant_id, location, quantity, created_at)
SELECT id, checkout_id, variant_id, location, quantity, created_at
FROM inventory.reservations WHERE status = 'consumed';
INSERT INTO inventory.movements
    (id, variant_id, location, quantity, promised, reason, reference_id)
SELECT gen_random_uuid(), variant_id, location, quantity, quantity, 'promised', checkout_id
FROM inventory.reservations WHERE status = 'consumed';
UPDATE inventory.levels l SET on_hand = on_hand + s.units, allocated = s.units
FROM (SELECT variant_id, location, sum(quantity)::int AS units FROM inventory.reservations
      WHERE status = 'consumed' GROUP BY 1, 2) AS s
WHERE l.variant_id = s.variant_id AND l.location = s.location;
UPDATE inventory.reservations SET status = 'allocated' WHERE status = 'consumed';
"""
# Backwards, promised units leave the shelf; a level cannot go below nothing for a backorder.
SALES = """
INSERT INTO inventory.movements (id, variant_id, location, quantity, promised, reason)
SELECT gen_random_uuid(), variant_id, location, -least(allocated, on_hand), -allocated, 'sale'
FROM inventory.levels WHERE allocated > 0;
UPDATE inventory.levels SET on_hand = on_hand - least(allocated, on_hand);
UPDATE inventory.reservations SET status = 'consumed' WHERE status = 'allocated';
"""
CHECKS = {
    "allocated": "allocated >= 0",
    "thresholds": "safety_stock >= 0 AND reorder_point >= 0 AND reorder_quantity >= 0"
    " AND allowance >= 0",
    "backorder": "backorder IN ('none', 'backorder', 'preorder')",
    "allowance": "(backorder = 'none') = (allowance = 0)",
    "available_on": "(backorder = 'preorder') = (available_on IS NOT NULL)",
}
COUNTS = ("allocated", "safety_stock", "reorder_point", "reorder_quantity", "allowance")


def upgrade() -> None:
    _locations()
    _levels()
    _allocations()
    _movements()
    op.execute("ALTER TABLE inventory.reservations DROP CONSTRAINT ck_reservations_status")
    op.execute(PROMISES)
    op.create_check_constraint(
        op.f("ck_reservations_status"),
        "reservations",
        "status IN ('held', 'allocated', 'released')",
        schema=SCHEMA,
    )


def _locations() -> None:
    op.create_table(
        "locations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("country", CHAR(2), nullable=True),
        sa.Column("serves", ARRAY(CHAR(2)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("100"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('warehouse', 'shop')", name=op.f("ck_locations_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("code", name=op.f("uq_locations_code")),
        schema=SCHEMA,
    )
    op.execute(MAIN)


def _levels() -> None:
    for name in COUNTS:
        op.add_column(
            "levels",
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False),
            schema=SCHEMA,
        )
    op.add_column(
        "levels",
        sa.Column(
            "backorder", sa.String(length=10), server_default=sa.text("'none'"), nullable=False
        ),
        schema=SCHEMA,
    )
    op.add_column("levels", sa.Column("available_on", sa.Date(), nullable=True), schema=SCHEMA)
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_levels_{name}"), "levels", rule, schema=SCHEMA)
    op.create_foreign_key(
        op.f("fk_levels_location"),
        "levels",
        "locations",
        ["location"],
        ["code"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("ix_levels_location", "levels", ["location"], schema=SCHEMA)


def _allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("sent >= 0 AND quantity >= sent", name=op.f("ck_allocations_sent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocations")),
        schema=SCHEMA,
    )
    op.create_index("ix_allocations_checkout_id", "allocations", ["checkout_id"], schema=SCHEMA)
    op.create_index(
        "ix_allocations_open",
        "allocations",
        ["variant_id", "location", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text("sent < quantity"),
    )


def _movements() -> None:
    op.add_column(
        "movements",
        sa.Column("promised", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema=SCHEMA,
    )
    op.add_column("movements", sa.Column("unit_cost_amount", sa.BigInteger()), schema=SCHEMA)
    op.add_column("movements", sa.Column("unit_cost_currency", CHAR(3)), schema=SCHEMA)
    op.add_column("movements", sa.Column("actor", sa.Text()), schema=SCHEMA)
    op.drop_constraint(op.f("ck_movements_quantity"), "movements", schema=SCHEMA)
    op.create_check_constraint(
        op.f("ck_movements_quantity"), "movements", "quantity <> 0 OR promised <> 0", schema=SCHEMA
    )
    op.create_check_constraint(
        op.f("ck_movements_unit_cost"),
        "movements",
        "(unit_cost_amount IS NULL) = (unit_cost_currency IS NULL)",
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_reservations_status"), "reservations", schema=SCHEMA)
    op.execute(SALES)
    op.create_check_constraint(
        op.f("ck_reservations_status"),
        "reservations",
        "status IN ('held', 'consumed', 'released')",
        schema=SCHEMA,
    )
    _take_columns_back()
    op.drop_table("allocations", schema=SCHEMA)
    op.drop_table("locations", schema=SCHEMA)


def _take_columns_back() -> None:
    # The ledger keeps its rows: movements of promises alone have no place in the older check.
    op.execute("ALTER TABLE inventory.movements DISABLE TRIGGER append_only")
    op.execute("DELETE FROM inventory.movements WHERE quantity = 0")
    op.execute("ALTER TABLE inventory.movements ENABLE TRIGGER append_only")
    op.drop_constraint(op.f("ck_movements_quantity"), "movements", schema=SCHEMA)
    op.drop_constraint(op.f("ck_movements_unit_cost"), "movements", schema=SCHEMA)
    op.create_check_constraint(
        op.f("ck_movements_quantity"), "movements", "quantity <> 0", schema=SCHEMA
    )
    for name in ("actor", "unit_cost_currency", "unit_cost_amount", "promised"):
        op.drop_column("movements", name, schema=SCHEMA)
    op.drop_index("ix_levels_location", table_name="levels", schema=SCHEMA)
    op.drop_constraint(op.f("fk_levels_location"), "levels", schema=SCHEMA)
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_levels_{name}"), "levels", schema=SCHEMA)
    for name in (*COUNTS, "backorder", "available_on"):
        op.drop_column("levels", name, schema=SCHEMA)

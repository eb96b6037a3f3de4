"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "inventory_0001"
down_revision = None
branch_labels = ("inventory",)
depends_on = None


APPEND_ONLY = """
CREATE FUNCTION inventory.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'inventory.movements is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON inventory.movements
    FOR EACH ROW EXECUTE FUNCTION inventory.refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "levels",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
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
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_levels_on_hand")),
        sa.PrimaryKeyConstraint("variant_id", "location", name=op.f("pk_levels")),
        schema="inventory",
    )
    op.create_index(
        "ix_levels_import",
        "levels",
        ["import_batch_id"],
        unique=False,
        schema="inventory",
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.create_table(
        "movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Uuid(), nullable=True),
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
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_movements_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
        schema="inventory",
    )
    op.create_index(
        "ix_movements_variant",
        "movements",
        ["variant_id", "location", "id"],
        unique=False,
        schema="inventory",
    )
    op.create_index(
        "ux_movements_imported",
        "movements",
        ["variant_id", "location"],
        unique=True,
        schema="inventory",
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('held', 'consumed', 'released')", name=op.f("ck_reservations_status")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservations_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
        schema="inventory",
    )
    op.create_index(
        "ix_reservations_held",
        "reservations",
        ["variant_id", "location"],
        unique=False,
        schema="inventory",
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index(
        "ux_reservations_checkout",
        "reservations",
        ["checkout_id", "variant_id", "location"],
        unique=True,
        schema="inventory",
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_index("ux_reservations_checkout", table_name="reservations", schema="inventory")
    op.drop_index(
        "ix_reservations_held",
        table_name="reservations",
        schema="inventory",
        postgresql_where=sa.text("status = 'held'"),
    )
    op.drop_table("reservations", schema="inventory")
    op.drop_index(
        "ux_movements_imported",
        table_name="movements",
        schema="inventory",
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.drop_index("ix_movements_variant", table_name="movements", schema="inventory")
    op.drop_table("movements", schema="inventory")
    op.drop_index(
        "ix_levels_import",
        table_name="levels",
        schema="inventory",
        postgresql_where=sa.text("import_batch_id IS NOT NULL"),
    )
    op.drop_table("levels", schema="inventory")
    op.execute("DROP FUNCTION inventory.refuse_change()")

"""Tax class, weight, and the quantities a variant is sold in."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "products",
        sa.Column("tax_class", sa.String(length=20), server_default="standard", nullable=False),
        schema="catalog",
    )
    for name, default in (("weight_grams", "0"), ("min_quantity", "1"), ("quantity_step", "1")):
        op.add_column(
            "variants",
            sa.Column(name, sa.Integer(), server_default=default, nullable=False),
            schema="catalog",
        )
    op.add_column("variants", sa.Column("max_quantity", sa.Integer()), schema="catalog")
    op.create_check_constraint(
        op.f("ck_variants_weight_grams"), "variants", "weight_grams >= 0", schema="catalog"
    )
    op.create_check_constraint(
        op.f("ck_variants_quantities"),
        "variants",
        "min_quantity >= 1 AND quantity_step >= 1 AND max_quantity >= min_quantity",
        schema="catalog",
    )


def downgrade() -> None:
    for name in ("quantities", "weight_grams"):
        op.drop_constraint(f"ck_variants_{name}", "variants", schema="catalog")
    for name in ("max_quantity", "quantity_step", "min_quantity", "weight_grams"):
        op.drop_column("variants", name, schema="catalog")
    op.drop_column("products", "tax_class", schema="catalog")

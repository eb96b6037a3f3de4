"""How many of a variant one customer may buy, over all orders."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0003"
down_revision = "catalog_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("purchase_limit", "purchase_limit_days"):
        op.add_column("variants", sa.Column(name, sa.Integer()), schema="catalog")
    op.create_check_constraint(
        op.f("ck_variants_purchase_limit"),
        "variants",
        "purchase_limit >= min_quantity AND (purchase_limit_days IS NULL"
        " OR purchase_limit IS NOT NULL AND purchase_limit_days >= 1)",
        schema="catalog",
    )


def downgrade() -> None:
    op.drop_constraint("ck_variants_purchase_limit", "variants", schema="catalog")
    for name in ("purchase_limit_days", "purchase_limit"):
        op.drop_column("variants", name, schema="catalog")

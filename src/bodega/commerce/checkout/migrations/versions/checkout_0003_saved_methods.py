"""A buyer may have the card kept for the next purchase."""

import sqlalchemy as sa
from alembic import op

revision = "checkout_0003"
down_revision = "checkout_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    flag = sa.Column("save_method", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("checkouts", flag, schema="checkout")


def downgrade() -> None:
    op.drop_column("checkouts", "save_method", schema="checkout")

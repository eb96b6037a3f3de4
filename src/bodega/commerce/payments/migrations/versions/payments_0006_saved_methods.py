"""A payment may keep its card for later, or be made while its buyer is away."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0006"
down_revision = "payments_0005"
branch_labels = None
depends_on = None

FLAGS = ("save_method", "off_session")


def upgrade() -> None:
    for name in FLAGS:
        flag = sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)
        op.add_column("payments", flag, schema="payments")


def downgrade() -> None:
    for name in reversed(FLAGS):
        op.drop_column("payments", name, schema="payments")

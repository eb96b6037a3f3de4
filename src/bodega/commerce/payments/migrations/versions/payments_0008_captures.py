"""A refund at PayPal names only its capture: whose that is, is looked up among the webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0008"
down_revision = "payments_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_webhooks_captures",
        "webhooks",
        ["subject"],
        schema="payments",
        postgresql_where=sa.text("type = 'PAYMENT.CAPTURE.COMPLETED'"),
    )


def downgrade() -> None:
    op.drop_index("ix_webhooks_captures", table_name="webhooks", schema="payments")

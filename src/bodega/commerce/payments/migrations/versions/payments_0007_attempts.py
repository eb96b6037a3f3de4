"""What is asked for a checkout may be asked again with another card: once the last try is over."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0007"
down_revision = "payments_0006"
branch_labels = None
depends_on = None

LIVE = sa.text("status NOT IN ('declined', 'voided')")
# Only the last try of a checkout keeps its name.
PART = sa.text(
    """UPDATE payments.payments earlier SET checkout_id = gen_random_uuid()
       WHERE EXISTS (SELECT 1 FROM payments.payments later
                     WHERE later.checkout_id = earlier.checkout_id
                       AND later.attempt > earlier.attempt)"""
)


def upgrade() -> None:
    attempt = sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("payments", attempt, schema="payments")
    op.drop_constraint("uq_payments_checkout_id", "payments", schema="payments")
    pair = ["checkout_id", "attempt"]
    op.create_index("ux_payments_checkout", "payments", pair, unique=True, schema="payments")
    op.create_index(
        "ux_payments_live",
        "payments",
        ["checkout_id"],
        unique=True,
        schema="payments",
        postgresql_where=LIVE,
    )


def downgrade() -> None:
    op.execute(PART)
    for name in ("ux_payments_live", "ux_payments_checkout"):
        op.drop_index(name, table_name="payments", schema="payments")
    op.drop_column("payments", "attempt", schema="payments")
    op.create_unique_constraint(
        "uq_payments_checkout_id", "payments", ["checkout_id"], schema="payments"
    )

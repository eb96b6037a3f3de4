"""Operations that were done in part: a state of their own, and how often they were tried."""

import sqlalchemy as sa
from alembic import op

revision = "orders_0004"
down_revision = "orders_0003"
branch_labels = None
depends_on = None

OLD = "'running', 'undoing', 'done', 'failed'"
NEW = "'running', 'undoing', 'partial', 'done', 'failed'"


def upgrade() -> None:
    op.add_column(
        "operations",
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="orders",
    )
    _states(NEW, "state IN ('running', 'undoing', 'partial')")


def downgrade() -> None:
    """What was done in part ends as failed, as it did before there was a name for it."""
    op.execute(
        "UPDATE orders.operations SET state = 'failed', ended_at = now(), payment_token = NULL,"
        " plan = plan - 'address' WHERE state = 'partial'"
    )
    _states(OLD, "state IN ('running', 'undoing')")
    op.drop_column("operations", "tries", schema="orders")


def _states(allowed: str, live: str) -> None:
    op.drop_constraint(op.f("ck_operations_state"), "operations", schema="orders")
    op.create_check_constraint(
        op.f("ck_operations_state"), "operations", f"state IN ({allowed})", schema="orders"
    )
    op.drop_index("ux_operations_live", "operations", schema="orders")
    op.create_index(
        "ux_operations_live",
        "operations",
        ["order_id"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text(live),
    )

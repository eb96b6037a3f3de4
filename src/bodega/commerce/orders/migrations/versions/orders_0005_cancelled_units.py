"""Units of an order sent in part that were cancelled before they were sent."""

import sqlalchemy as sa
from alembic import op

revision = "orders_0005"
down_revision = "orders_0004"
branch_labels = None
depends_on = None

PROGRESS = "returned BETWEEN 0 AND fulfilled AND delivered BETWEEN 0 AND fulfilled AND "
OLD_KINDS = "kind IN ('cancel', 'ship', 'edit', 'refund', 'return')"
NEW_KINDS = "kind IN ('cancel', 'cancel_rest', 'ship', 'edit', 'refund', 'return')"


def upgrade() -> None:
    op.add_column(
        "order_lines",
        sa.Column("cancelled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="orders",
    )
    _check(
        "order_lines",
        "progress",
        PROGRESS + "cancelled >= 0 AND fulfilled + cancelled <= greatest(quantity, 0)",
    )
    op.alter_column("operations", "kind", type_=sa.String(20), schema="orders")
    _check("operations", "kind", NEW_KINDS)


def downgrade() -> None:
    """What was cancelled stays given back; one that has not ended fails."""
    op.execute(
        "UPDATE orders.operations SET state = 'failed', ended_at = now()"
        " WHERE kind = 'cancel_rest' AND state IN ('running', 'undoing', 'partial')"
    )
    op.execute("UPDATE orders.operations SET kind = 'refund' WHERE kind = 'cancel_rest'")
    _check("operations", "kind", OLD_KINDS)
    op.alter_column("operations", "kind", type_=sa.String(10), schema="orders")
    _check("order_lines", "progress", PROGRESS + "fulfilled <= greatest(quantity, 0)")
    op.drop_column("order_lines", "cancelled", schema="orders")


def _check(table: str, name: str, rule: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, schema="orders")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule, schema="orders")

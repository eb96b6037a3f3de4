"""Money that went back for an order is taken off what its customer spent.

What went back before is told by the orders' events: `bodega readmodels rebuild customers`.
"""

import sqlalchemy as sa
from alembic import op

revision = "views_0002"
down_revision = "views_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer_orders",
        sa.Column("refunded_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="views",
    )


def downgrade() -> None:
    """Spent counts as if nothing had gone back, as it did."""
    op.execute(
        """UPDATE views.customers c SET spent_amount = c.spent_amount + given.amount
           FROM (SELECT customer_id, total_currency, sum(refunded_amount) AS amount
                 FROM views.customer_orders WHERE NOT cancelled GROUP BY 1, 2) AS given
           WHERE c.customer_id = given.customer_id AND c.currency = given.total_currency"""
    )
    op.drop_column("customer_orders", "refunded_amount", schema="views")

"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "search_0001"
down_revision = None
branch_labels = ("search",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True, comment="null: the whole catalogue"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        schema="search",
    )


def downgrade() -> None:
    op.drop_table("requests", schema="search")

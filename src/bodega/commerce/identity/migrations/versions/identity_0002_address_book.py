"""Addresses that customers keep."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("for_delivery", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("for_billing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity.users.id"], name=op.f("fk_addresses_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
        schema="identity",
    )
    op.create_index(op.f("ix_addresses_user_id"), "addresses", ["user_id"], schema="identity")
    for name in ("for_delivery", "for_billing"):
        op.create_index(
            f"ux_addresses_{name}",
            "addresses",
            ["user_id"],
            unique=True,
            schema="identity",
            postgresql_where=sa.text(name),
        )


def downgrade() -> None:
    op.drop_table("addresses", schema="identity")

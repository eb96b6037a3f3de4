"""Who had parked events tried again or given up, and why."""

import sqlalchemy as sa
from alembic import op

revision = "backbone_0003"
down_revision = "backbone_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parked_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("consumer", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_decisions")),
        schema="backbone",
    )
    op.create_index(
        op.f("ix_parked_decisions_decided_at"),
        "parked_decisions",
        ["decided_at"],
        schema="backbone",
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_parked_decisions_decided_at"), table_name="parked_decisions", schema="backbone"
    )
    op.drop_table("parked_decisions", schema="backbone")

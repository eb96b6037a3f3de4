"""Alerts to the staff."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0002"
down_revision = "notifications_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    now = sa.text("now()")
    stamp = sa.DateTime(timezone=True)
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failure", sa.String(length=80), nullable=True),
        sa.Column("created_at", stamp, server_default=now, nullable=False),
        sa.Column("due_at", stamp, server_default=now, nullable=False),
        sa.Column("sent_at", stamp, nullable=True),
        sa.CheckConstraint("status IN ('queued', 'sent', 'failed')", name=op.f("ck_alerts_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
        schema="notifications",
    )
    op.create_index(
        "ix_alerts_due",
        "alerts",
        ["due_at"],
        schema="notifications",
        postgresql_where=sa.text("status = 'queued'"),
    )


def downgrade() -> None:
    op.drop_index("ix_alerts_due", table_name="alerts", schema="notifications")
    op.drop_table("alerts", schema="notifications")

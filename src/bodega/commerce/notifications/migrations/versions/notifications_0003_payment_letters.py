"""An order may get a message of one kind several times, one for each thing it is about; what there is
nothing to say about any more is dropped."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0003"
down_revision = "notifications_0002"
branch_labels = None
depends_on = None

PAIR, TRIPLE = ["order_id", "template"], ["order_id", "template", "reference"]


def _statuses(*statuses: str) -> None:
    op.drop_constraint(op.f("ck_messages_status"), "messages", schema="notifications")
    listed = ", ".join(f"'{status}'" for status in statuses)
    op.create_check_constraint(
        op.f("ck_messages_status"), "messages", f"status IN ({listed})", schema="notifications"
    )


def upgrade() -> None:
    op.add_column("messages", sa.Column("reference", sa.Uuid()), schema="notifications")
    op.execute("UPDATE notifications.messages SET reference = order_id")
    op.alter_column("messages", "reference", nullable=False, schema="notifications")
    op.drop_constraint("uq_messages_order_id_template", "messages", schema="notifications")
    op.create_unique_constraint(
        op.f("uq_messages_order_id_template_reference"),
        "messages",
        TRIPLE,
        schema="notifications",
    )
    _statuses("queued", "sent", "failed", "dropped")


def downgrade() -> None:
    op.execute("DELETE FROM notifications.messages WHERE reference <> order_id")
    op.execute("UPDATE notifications.messages SET status = 'failed' WHERE status = 'dropped'")
    op.drop_constraint(
        "uq_messages_order_id_template_reference", "messages", schema="notifications"
    )
    op.create_unique_constraint(
        op.f("uq_messages_order_id_template"), "messages", PAIR, schema="notifications"
    )
    op.drop_column("messages", "reference", schema="notifications")
    _statuses("queued", "sent", "failed")

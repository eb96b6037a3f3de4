"""What came back pays a further order; refunds know their sale, and are asked after when due."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0005"
down_revision = "payments_0004"
branch_labels = None
depends_on = None

REFUNDS = (
    ("sale_id", sa.Uuid()),
    ("operation_id", sa.Uuid()),
    ("retry_of", sa.Uuid()),
    ("due_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.add_column("ledger_entries", sa.Column("credit_of", sa.Uuid()), schema="payments")
    op.create_index(
        "ix_ledger_entries_credit_of",
        "ledger_entries",
        ["credit_of"],
        schema="payments",
        postgresql_where=sa.text("credit_of IS NOT NULL"),
    )
    for name, kind in REFUNDS:
        op.add_column("refunds", sa.Column(name, kind, nullable=True), schema="payments")
    op.create_foreign_key(
        op.f("fk_refunds_retry_of"),
        "refunds",
        "refunds",
        ["retry_of"],
        ["id"],
        source_schema="payments",
        referent_schema="payments",
    )
    op.create_index(
        "ix_refunds_due",
        "refunds",
        ["due_at"],
        schema="payments",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Entries of exchanges stay: they balance, and nothing in the ledger is ever deleted."""
    op.drop_index("ix_refunds_due", "refunds", schema="payments")
    op.drop_constraint(op.f("fk_refunds_retry_of"), "refunds", schema="payments")
    for name, _ in reversed(REFUNDS):
        op.drop_column("refunds", name, schema="payments")
    op.drop_index("ix_ledger_entries_credit_of", "ledger_entries", schema="payments")
    op.drop_column("ledger_entries", "credit_of", schema="payments")

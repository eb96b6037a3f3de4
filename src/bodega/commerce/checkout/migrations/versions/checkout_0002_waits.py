"""A checkout may wait for its buyer or for a review; it knows its quote and its fraud score."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "checkout_0002"
down_revision = "checkout_0001"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
COLUMNS = (
    ("billing_address", JSONB),
    ("return_url", sa.Text()),
    ("note", sa.Text()),
    ("basket", JSONB),
    ("shipping_method_id", sa.Uuid()),
    ("shipping_method", sa.Text()),
    ("fraud_score", sa.Numeric(5, 4)),
    ("fraud_model", sa.String(length=60)),
    ("waiting_for", sa.String(length=10)),
    ("action_url", sa.Text()),
    ("waits_until", sa.DateTime(timezone=True)),
    ("review", sa.String(length=10)),
    ("reviewer_id", sa.Uuid()),
    ("review_note", sa.Text()),
    ("reviewed_at", sa.DateTime(timezone=True)),
    ("trouble", sa.Text()),
)
DEFAULTED = (
    ("coupons", JSONB, "'[]'"),
    ("fraud_decision", sa.String(length=10), "'accept'"),
    ("fraud_reasons", JSONB, "'[]'"),
    ("stop_requested", sa.Boolean(), "false"),
)
BEFORE = "state IN ('running', 'undoing', 'completed', 'failed')"
AFTER = "state IN ('running', 'waiting', 'undoing', 'completed', 'failed')"


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("checkouts", sa.Column(name, kind, nullable=True), schema="checkout")
    for name, kind, default in DEFAULTED:
        column = sa.Column(name, kind, nullable=False, server_default=sa.text(default))
        op.add_column("checkouts", column, schema="checkout")
    _replace_state_check(AFTER)
    op.create_check_constraint(
        op.f("ck_checkouts_waits"),
        "checkouts",
        "(state = 'waiting') = (waiting_for IS NOT NULL AND waits_until IS NOT NULL)",
        schema="checkout",
    )
    op.create_check_constraint(
        op.f("ck_checkouts_review"),
        "checkouts",
        "review IN ('accepted', 'refused')",
        schema="checkout",
    )
    _live_index("state IN ('running', 'waiting', 'undoing')")
    op.create_index(
        "ix_checkouts_review",
        "checkouts",
        ["started_at", "id"],
        schema="checkout",
        postgresql_where=sa.text("state = 'waiting' AND waiting_for = 'review'"),
    )
    op.create_index(
        "ix_checkouts_newest",
        "checkouts",
        [sa.text("started_at DESC"), sa.text("id DESC")],
        schema="checkout",
    )


def downgrade() -> None:
    # What waits is driven again: its steps are remembered by the participants.
    op.execute(
        "UPDATE checkout.checkouts SET state = 'running', waiting_for = NULL, waits_until = NULL"
        " WHERE state = 'waiting'"
    )
    op.drop_index("ix_checkouts_newest", table_name="checkouts", schema="checkout")
    op.drop_index("ix_checkouts_review", table_name="checkouts", schema="checkout")
    op.drop_constraint(op.f("ck_checkouts_review"), "checkouts", schema="checkout")
    op.drop_constraint(op.f("ck_checkouts_waits"), "checkouts", schema="checkout")
    _live_index("state IN ('running', 'undoing')")
    _replace_state_check(BEFORE)
    for name, *_ in (*COLUMNS, *DEFAULTED):
        op.drop_column("checkouts", name, schema="checkout")


def _replace_state_check(rule: str) -> None:
    op.drop_constraint(op.f("ck_checkouts_state"), "checkouts", schema="checkout")
    op.create_check_constraint(op.f("ck_checkouts_state"), "checkouts", rule, schema="checkout")


def _live_index(rule: str) -> None:
    op.drop_index("ix_checkouts_live", table_name="checkouts", schema="checkout")
    op.create_index(
        "ix_checkouts_live",
        "checkouts",
        ["leased_until"],
        schema="checkout",
        postgresql_where=sa.text(rule),
    )
